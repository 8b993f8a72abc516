import type { TaskInput } from '../../cli/checked-task.ts';
import type { Context } from '../../cli/context.ts';
import { parseParams } from '../../cli/flags.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import { UsageError } from '../../domain/errors.ts';
import { parseFlatObject } from '../../domain/flat-object.ts';
import { bodyHint, bodyOfFile, maxFileBytes } from '../../protocol/image.ts';

/** The flags that say what is to be solved. */
export interface TaskFlags {
  readonly file?: string;
  readonly method?: string;
  readonly sitekey?: string;
  readonly pageurl?: string;
  readonly pageAction?: string;
  readonly param?: readonly string[];
  readonly paramFile?: string;
  readonly region?: string;
}

/**
 * The parameters in the text of a `--param-file`: one JSON object of plain values. Numbers stay as written, booleans
 * become 1 and 0, and null is left out.
 */
function parseParamFile(path: string, text: string): Record<string, string> {
  const parsed = parseFlatObject(text);
  if ('error' in parsed) {
    const { name, reason, fix } = parsed.error;
    const hint =
      name === null
        ? 'the file must contain one JSON object, for example {"proxy": "user:password@host:8080", "proxytype": "HTTP"}'
        : fix;
    throw new UsageError(`--param-file ${path}: ${name === null ? '' : `${name}: `}${reason}`, hint);
  }
  const { names, values, booleans } = parsed.value;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--param-file ${path}: ${twice} occurs twice`, 'keep one of the two');
  const textOf = (name: string, value: string): string =>
    booleans.includes(name) ? String(Number(value === 'true')) : value;
  const entries = names.map((name, index) => [name.trim(), textOf(name, values[index] ?? '').trim()] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

async function paramsOf({ param, paramFile }: TaskFlags, read: Context['read']): Promise<Record<string, string>> {
  const onArgv = parseParams(param ?? []);
  if (paramFile === undefined) return onArgv;
  const text = Buffer.from(await read(paramFile)).toString('utf8');
  return { ...parseParamFile(paramFile, text), ...onArgv };
}

/** A download often saves the page around an image, or the page that says that there is none. */
const hintFor = (found: string): string =>
  /^HTML\b/.test(found) ? `pass the image that the page shows, not the page; ${bodyHint}` : bodyHint;

/** The image in a file, or on standard input, as base64. */
async function readBody(path: string, read: Context['read']): Promise<string> {
  if (/^https?:\/\//i.test(path)) {
    throw new UsageError(
      `${path} is a URL, not a file`,
      `download the image: curl -s ${shellQuoted(path)} | captcha solve -`,
    );
  }
  if (/^data:/i.test(path))
    throw new UsageError('a data: URI is not a file', 'pass it on standard input: captcha solve -');
  const content = bodyOfFile(await read(path, maxFileBytes));
  if ('value' in content) return content.value.body;
  throw new UsageError(`${path === '-' ? 'standard input' : path} is ${content.error}`, hintFor(content.error));
}

/** What the flags and the files that they name say about a task. */
export async function taskInputOf(flags: TaskFlags, { read }: Context): Promise<TaskInput> {
  const file = flags.file?.trim();
  if (file === '-' && flags.paramFile === '-') {
    throw new UsageError('standard input cannot be used for both the image and --param-file');
  }
  return {
    taskId: '1',
    method: flags.method ?? null,
    sitekey: flags.sitekey ?? null,
    pageurl: flags.pageurl ?? null,
    pageAction: flags.pageAction ?? null,
    params: await paramsOf(flags, read),
    body: file === undefined ? null : await readBody(file, read),
    region: flags.region ?? null,
  };
}
