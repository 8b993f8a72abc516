import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Copy, DockerfileParser } from 'dockerfile-ast';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compose } from './support/compose-file.ts';
import { root, textOf } from './support/places.ts';
import { runProbe } from './support/probe.ts';
import { complaintAbout } from './support/understood.ts';

const file = DockerfileParser.parse(textOf('deploy/Dockerfile'));
const instructions = file.getInstructions();
const bases = file.getFROMs();
/** The final stage. */
const shipped = instructions.slice(instructions.lastIndexOf(bases.at(-1)!));

const named = (keyword: string, from = shipped) => from.filter((each) => each.getKeyword() === keyword);
const words = (instruction: { getArguments(): readonly unknown[] }) => instruction.getArguments().map(String);
const copies = (from: typeof shipped) =>
  from
    .filter((each) => each instanceof Copy)
    .map((copy) => ({
      sources: words(copy).slice(0, -1),
      target: words(copy).at(-1)!,
      from: copy.getFromFlag()?.getValue() ?? null,
    }));

/** The argument vector of an instruction in exec form; null for the shell form. */
function vectorOf(instruction: (typeof shipped)[number] | undefined): readonly string[] | null {
  const text = instruction?.getRawArgumentsContent() ?? '';
  return text.startsWith('[') ? (JSON.parse(text) as string[]) : null;
}

describe('the Dockerfile', () => {
  it('builds in one stage and ships another', () => {
    expect(bases.map((from) => from.getBuildStage())).toEqual(['build', null]);
  });

  it.each(bases.map((from) => [String(from.getImage())]))('is based on a full version: %s', (image) => {
    expect(image).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim$/);
  });

  it('is based on a Node that the program supports', () => {
    const { engines } = JSON.parse(textOf('package.json')) as { readonly engines: { readonly node: string } };
    const least = engines.node.replace('>=', '').split('.').map(Number);
    const [major = 0, minor = 0] = String(bases[0]!.getImageTag()).split('.').map(Number);
    expect(major * 1_000 + minor).toBeGreaterThanOrEqual(least[0]! * 1_000 + least[1]!);
  });

  it('runs as a non-root user, from the last USER on', () => {
    const users = named('USER').map((user) => words(user)[0]);
    expect(users).toEqual(['node']);
    const after = shipped.slice(shipped.indexOf(named('USER')[0]!));
    expect(named('RUN', after)).toEqual([]);
  });

  it('contains no secrets: neither variables nor arguments nor files', () => {
    expect(named('ARG', instructions)).toEqual([]);
    const variables = named('ENV', instructions).flatMap(words);
    expect(variables.map((pair) => pair.split('=')[0])).toEqual(['NODE_ENV', 'CAPTCHA_STATE_DIR']);
    expect(named('ADD', instructions)).toEqual([]);
  });

  it.each(['ENTRYPOINT', 'CMD'])('has its %s in exec form, so that signals reach the program', (keyword) => {
    expect(vectorOf(named(keyword)[0])).not.toBeNull();
  });

  it('runs the program below an init, because process 1 cannot be ended by a signal', () => {
    const [init, dashes, ...program] = vectorOf(named('ENTRYPOINT')[0]) ?? [];
    expect([init, dashes]).toEqual(['/usr/bin/tini', '--']);
    expect(program).toEqual(['node', '/app/bin/captcha.js']);
    expect(words(named('RUN')[0]!)).toContain('tini');
  });

  it('has a valid default command', async () => {
    expect(await complaintAbout(vectorOf(named('CMD')[0]) ?? [])).toBe('');
  });

  it.each([
    [200, 0],
    [503, 1],
  ])('is healthy according to /readyz: %i', async (status, exitCode) => {
    const text = String(named('HEALTHCHECK')[0]?.getRawArgumentsContent());
    const vector = JSON.parse(text.slice(text.indexOf('['))) as string[];
    expect(await runProbe(['CMD', ...vector], '/readyz', status)).toBe(exitCode);
  });

  it('writes only to its volume: the folder of CAPTCHA_STATE_DIR', () => {
    const [folder] = vectorOf(named('VOLUME')[0]) ?? [];
    expect(named('ENV').flatMap(words)).toContain(`CAPTCHA_STATE_DIR=${String(folder)}`);
    expect(compose.services['dispatch']!.volumes).toContain(`state:${String(folder)}`);
    const made = named('RUN').find((run) => words(run).includes(String(folder)));
    expect(words(made!)).toEqual(expect.arrayContaining(['install', '-o', 'node', '-m', '0700']));
  });

  it('copies only existing files that .dockerignore admits', () => {
    const allowed = textOf('deploy/Dockerfile.dockerignore').trim().split('\n');
    expect(allowed[0]).toBe('*');
    const own = copies(instructions).filter(({ from }) => from === null);
    expect(new Set(own.flatMap(({ sources }) => sources.map((source) => `!${source}`)))).toEqual(
      new Set(allowed.slice(1)),
    );
  });

  it('contains everything that the program needs to run', async () => {
    const image = await mkdtemp(join(tmpdir(), 'captcha-image-'));
    onTestFinished(() => rm(image, { recursive: true }));
    for (const { sources, target } of copies(shipped)) {
      for (const source of sources) {
        const name = source.replace('/build/', '');
        await cp(join(root, name), join(image, target, target === './' ? name : ''), { recursive: true });
      }
    }
    const captcha = (...args: string[]) =>
      promisify(execFile)('node', [join(image, 'bin/captcha.js'), ...args], { cwd: image, env: { HOME: image } });
    expect((await captcha('--version')).stdout).toBe(`${(JSON.parse(textOf('package.json')) as Versioned).version}\n`);
    const { stdout } = await captcha('--sandbox', 'balance');
    expect(Number(stdout)).toBeGreaterThan(0);
  });
});

interface Versioned {
  readonly version: string;
}
