import type { Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { UsageError } from '../../domain/errors.ts';

export interface InitFlags {
  readonly file?: string;
  readonly format?: string;
}

/** The format of the file, by flag, else by the extension of its name. */
function formatOf({ file, format }: InitFlags): 'yaml' | 'json' {
  if (format !== undefined && format !== 'yaml' && format !== 'json')
    throw new UsageError(`--format ${format}: expected yaml or json`);
  if (file === undefined) return format ?? 'yaml';
  const written = /\.json$/i.test(file) ? 'json' : /\.ya?ml$/i.test(file) ? 'yaml' : null;
  if (written === null) throw new UsageError(`${file}: expected a name that ends in .yaml, .yml or .json`);
  if (format !== undefined && format !== written)
    throw new UsageError(`${file}: the name says ${written}, and --format says ${format}`, 'Leave out --format.');
  return written;
}

/**
 * The file that is in use in this folder so far; null for none. Throws if it is in the folder itself: a second one would have
 * no effect, or take it from the first one.
 */
async function inUseBefore({ configPlaces }: Context): Promise<string | null> {
  const { file, considered } = await configPlaces();
  const [here] = considered;
  const [name] = here?.files ?? [];
  if (here === undefined || name === undefined) return file?.path ?? null;
  throw new UsageError(
    `${here.folder} has a config file already: ${name}`,
    'Edit it, or name another file: captcha config init FILE.',
  );
}

/** Writes a config file to start from, and says what to do with it. */
export async function init(flags: InitFlags, context: Context): Promise<number> {
  const { globals, terminal, createFile, startingConfig } = context;
  const file = flags.file ?? globals.config ?? undefined;
  const format = formatOf({ ...flags, ...(file !== undefined && { file }) });
  const before = file === undefined ? await inUseBefore(context) : null;
  const path = await createFile(file ?? `captcha.config.${format}`, await startingConfig(format));
  await (globals.json ? terminal.json({ file: path, format }) : terminal.result(`${path}\n`));
  const comments = format === 'yaml' ? '' : '; JSON has no comments: captcha config schema describes every key';
  terminal.note(`created a config file with the default of every key${comments}`);
  if (before !== null) terminal.note(`in this folder it is used instead of ${before}`);
  terminal.note('next: set CAPTCHAAI_API_KEY, edit the file, and run captcha config validate');
  return exitCodes.done;
}
