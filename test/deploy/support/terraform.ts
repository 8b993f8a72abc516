import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from './places.ts';

const provider = 'registry.terraform.io/hashicorp/aws';

/** A folder of plugins with the provider: TF_PLUGIN_DIR, otherwise the usual mirror folder. */
function pluginFolder(): string | null {
  const named = process.env['TF_PLUGIN_DIR'];
  const optional = existsSync('/opt') ? readdirSync('/opt').map((name) => join('/opt', name)) : [];
  const usual = [join(homedir(), '.terraform.d/plugins'), '/usr/local/share/terraform/plugins', ...optional];
  return (named === undefined ? usual : [named]).find((folder) => existsSync(join(folder, provider))) ?? null;
}

const plugins = pluginFolder();
const isInstalled = spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0;

/** Why Terraform cannot run here; null if it can. */
export const whyNot = !isInstalled
  ? 'there is no terraform on the PATH'
  : plugins === null
    ? `the directory of plugins with ${provider}: name one in TF_PLUGIN_DIR`
    : null;

/** The result of one run of `terraform test`. */
export interface TestRun {
  readonly name: string;
  readonly status: string;
  /** The messages of failed assertions. */
  readonly complaints: readonly string[];
}

interface Line {
  readonly '@testrun'?: string;
  readonly type: string;
  readonly test_run?: { readonly run: string; readonly progress: string; readonly status?: string };
  readonly diagnostic?: { readonly severity: string; readonly summary: string; readonly detail: string };
}

function runsIn(output: string): readonly TestRun[] {
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
  const ended = lines.filter(({ test_run: run }) => run?.progress === 'complete');
  return ended.map(({ test_run: run }) => ({
    name: run!.run,
    status: run!.status ?? 'none',
    complaints: lines.flatMap((line) =>
      line.diagnostic?.severity === 'error' && line['@testrun'] === run!.run
        ? [line.diagnostic.detail || line.diagnostic.summary]
        : [],
    ),
  }));
}

/** A copy of a folder below deploy/terraform, initialised without a network. */
export class Terraform {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<Terraform> {
    const copy = await realpath(await mkdtemp(join(tmpdir(), 'captcha-terraform-')));
    onTestFinished(() => rm(copy, { recursive: true }));
    await cp(join(root, 'deploy'), join(copy, 'deploy'), { recursive: true });
    const terraform = new Terraform(join(copy, 'deploy/terraform', folder));
    await terraform.run('init', `-plugin-dir=${plugins ?? ''}`, '-input=false');
    return terraform;
  }

  /** The exit code and standard output of a subcommand. */
  run(...args: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string }> {
    const env = { PATH: process.env['PATH'], HOME: this.#folder, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };
    return new Promise((resolve) => {
      execFile('terraform', args, { cwd: this.#folder, env, maxBuffer: 2 ** 28 }, (error, stdout) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout });
      });
    });
  }

  async test(): Promise<readonly TestRun[]> {
    return runsIn((await this.run('test', '-json')).stdout);
  }

  /**
   * Adds a run `shown` to a test file, which fails with the value of an expression as its message. The other way to
   * show values, `-verbose`, prints the provider's whole schema with each.
   */
  async show(testFile: string, original: string, expression: string): Promise<void> {
    const shown = `run "shown" {\n  assert {\n    condition     = ${expression} == ""\n    error_message = ${expression}\n  }\n}\n`;
    await writeFile(join(this.#folder, testFile), `${original}\n${shown}`);
  }
}
