import type { TaskInput } from '../../cli/checked-task.ts';
import type { Context } from '../../cli/context.ts';
import { parseParams } from '../../cli/flags.ts';
import { UsageError } from '../../domain/errors.ts';
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

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isObjectOfPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isPlain);
}

/** The wire has no booleans: what is set is 1. */
function textOf(value: unknown): string {
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

/** The parameters in the text of a `--param-file`: one JSON object of plain values. */
function parseParamFile(path: string, text: string): Record<string, string> {
  const hint =
    'the file must contain one JSON object, for example {"proxy": "user:password@host:8080", "proxytype": "HTTP"}';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError(`--param-file ${path}: not JSON`, hint);
  }
  if (!isObjectOfPlain(parsed)) {
    throw new UsageError(`--param-file ${path}: not an object of strings and numbers`, hint);
  }
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, textOf(value)]));
}

async function paramsOf({ param, paramFile }: TaskFlags, read: Context['read']): Promise<Record<string, string>> {
  const onArgv = parseParams(param ?? []);
  if (paramFile === undefined) return onArgv;
  const text = Buffer.from(await read(paramFile)).toString('utf8');
  return { ...parseParamFile(paramFile, text), ...onArgv };
}

/** The image in a file, or on standard input, as base64. */
async function readBody(path: string, read: Context['read']): Promise<string> {
  const content = bodyOfFile(await read(path, maxFileBytes));
  if ('value' in content) return content.value.body;
  throw new UsageError(`${path === '-' ? 'standard input' : path} is ${content.error}`, bodyHint);
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
