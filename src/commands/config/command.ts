import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { checkQueueUrls } from '../../cli/fleet/fleet-queues.ts';
import { helpText } from '../../cli/help.ts';
import { renderTable } from '../../cli/table.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { init, type InitFlags } from './init.ts';
import { UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';

const examples = `
Examples:
  $ captcha config init
  $ captcha config show
  $ captcha --config team.json config validate
  $ captcha config schema > captcha.config.schema.json`;

/** Declares `captcha config init|path|show|validate|schema`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command.addHelpText('afterAll', helpText(examples));
  command
    .command('init')
    .description('write a config file to start from; never over a file that exists')
    .argument('[file]', 'path of the file (default: captcha.config.yaml or .json in the current folder)')
    .option('--format <format>', 'yaml (with comments) or json (default: from the extension of the file, else yaml)')
    .action((file: string | undefined, flags: Omit<InitFlags, 'file'>) =>
      runCommand(init, { ...flags, ...(file !== undefined && { file }) }),
    );
  command
    .command('path')
    .description('print the path of the config file in use; -v lists where it was looked for')
    .action(() => runCommand(path, {}));
  command
    .command('show')
    .description('show every effective value and its source')
    .action(() => runCommand(show, {}));
  command
    .command('validate')
    .description('check the configuration and list every error')
    .action(() => runCommand(validate, {}));
  command
    .command('schema')
    .description('print the JSON Schema of the config file')
    .action(() => runCommand(schema, {}));
}

/** Prints the path of the config file in use. The exit code is 1 if there is none. */
export async function path(_flags: object, { globals, terminal, configPlaces }: Context): Promise<number> {
  const { file, own, considered } = await configPlaces();
  const exitCode = file === null ? exitCodes.notAllSolved : exitCodes.done;
  if (globals.json) {
    await terminal.json({ file: file?.path ?? null, origin: file?.origin ?? null, own, considered });
    return exitCode;
  }
  if (file === null) terminal.note('no config file is in use: defaults, environment variables and flags only');
  else await terminal.result(`${file.path}\n`);
  const places = considered.map(
    ({ folder, files }) => `  ${folder}: ${files.length === 0 ? 'none' : files.join(', ')}`,
  );
  const looked =
    places.length === 0 ? [] : ['looked for a config file in these folders; the first file counts:', ...places];
  terminal.note([...looked, `your own config file: ${own ?? 'none'}`].join('\n'), { level: 1 });
  return exitCode;
}

function whereFrom({ file, ownFile }: LoadedConfig): string {
  if (file === null) return 'no config file found; showing defaults and environment variables';
  return `config file: ${file.path}${ownFile === null ? '' : `; the policy of ${ownFile} holds, too`}`;
}

/** The variable, file or config key that the API key comes from; null where none is set. */
function keySourceOf({ keySource }: LoadedConfig, isSandbox: boolean): string | null {
  if (isSandbox) return '--sandbox';
  if (keySource === null) return null;
  if (keySource.type === 'variable') return keySource.name;
  return keySource.type === 'file' ? `${keySource.path} (${keySource.named})` : keySource.named;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Prints every effective value, secrets masked, and where it came from. */
export async function show(_flags: object, { globals, terminal, config }: Context): Promise<number> {
  const loaded = await config([]);
  const { file, ownFile } = loaded;
  const settings = maskSecrets(loaded.settings);
  const keyFrom = keySourceOf(loaded, globals.sandbox);
  if (globals.json) {
    await terminal.json({
      file: file?.path ?? null,
      ownFile,
      settings,
      apiKey: { isSet: keyFrom !== null, from: keyFrom },
    });
    return exitCodes.done;
  }
  const rows = settings.map(({ path, value, from }) => [path, asText(value), from]);
  rows.unshift(['API key', keyFrom === null ? 'not set' : '***', keyFrom ?? '']);
  await terminal.result(renderTable(['key', 'value', 'from'], rows, terminal.columns, { breaks: ['value', 'from'] }));
  terminal.note(whereFrom(loaded));
  return exitCodes.done;
}

/** Checks the configuration: a bad one ends in the usage error that names every bad path. */
export async function validate(_flags: object, { globals, terminal, config, env }: Context): Promise<number> {
  const load = async (): Promise<LoadedConfig> => {
    const loaded = await config([]);
    checkQueueUrls(loaded.config, env);
    return loaded;
  };
  const loaded = await load().catch(async (error: unknown) => {
    if (globals.json && error instanceof UsageError) {
      const errors = error.details.length > 0 ? error.details : [{ path: null, from: null, problem: error.message }];
      await terminal.json({ valid: false, errors });
    }
    throw error;
  });
  for (const warning of loaded.warnings) terminal.note(`warning: ${warning}`);
  if (globals.json) await terminal.json({ valid: true, file: loaded.file?.path ?? null, warnings: loaded.warnings });
  else await terminal.result(`valid (${whereFrom(loaded)})\n`);
  return exitCodes.done;
}

/** Prints the JSON Schema of the config file. */
export async function schema(_flags: object, { terminal, configSchema }: Context): Promise<number> {
  await terminal.data(`${JSON.stringify(await configSchema(), null, 2)}\n`);
  return exitCodes.done;
}
