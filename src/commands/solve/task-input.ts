import type { TaskInput } from '../../cli/checked-task.ts';
import type { Context } from '../../cli/context.ts';
import { parsePairs } from '../../cli/flags.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import { UsageError } from '../../domain/errors.ts';
import { parseFlatObject, wireTextOf } from '../../domain/flat-object.ts';
import { bodyHint, bodyOfFile, maxFileBytes, type Medium } from '../../protocol/image.ts';

/** The flags that say what is to be solved. */
export interface TaskFlags {
  readonly file?: string;
  readonly method?: string;
  readonly sitekey?: string;
  readonly pageurl?: string;
  readonly pageAction?: string;
  readonly param?: readonly string[];
  readonly paramFile?: string;
  /** `name=file` each. */
  readonly image?: readonly string[];
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
  const { names, values, literals } = parsed.value;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--param-file ${path}: ${twice} occurs twice`, 'keep one of the two');
  const textOf = (name: string, value: string): string => (literals.includes(name) ? wireTextOf(value) : value);
  const entries = names.map((name, index) => [name.trim(), textOf(name, values[index] ?? '').trim()] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

async function paramsOf({ param, paramFile }: TaskFlags, read: Context['read']): Promise<Record<string, string>> {
  const onArgv = parsePairs('--param', param ?? []);
  if (paramFile === undefined) return onArgv;
  const text = Buffer.from(await read(paramFile)).toString('utf8');
  return { ...parseParamFile(paramFile, text), ...onArgv };
}

/** A download often saves the page around an image, or the page that says that there is none. */
const hintFor = (found: string): string =>
  /^HTML\b/.test(found) ? `pass the image that the page shows, not the page; ${bodyHint}` : bodyHint;

/** The image in a file, or on standard input. */
async function readBody(path: string, read: Context['read']): Promise<{ body: string; medium: Medium }> {
  if (/^https?:\/\//i.test(path)) {
    throw new UsageError(
      `${path} is a URL, not a file`,
      `download the image: curl -s ${shellQuoted(path)} | captcha solve -`,
    );
  }
  if (/^data:/i.test(path))
    throw new UsageError('a data: URI is not a file', 'pass it on standard input: captcha solve -');
  const content = bodyOfFile(await read(path, maxFileBytes));
  if ('value' in content) return content.value;
  throw new UsageError(`${path === '-' ? 'standard input' : path} is ${content.error}`, hintFor(content.error));
}

/** The images of `--image`, by the parameter that they are sent as. */
async function imagesOf(files: Readonly<Record<string, string>>, read: Context['read']) {
  const images: Record<string, string> = {};
  for (const [name, file] of Object.entries(files)) {
    const { body, medium } = await readBody(file.trim(), read);
    if (medium !== 'image') throw new UsageError(`--image ${name}: ${file} is an audio file, not an image`, bodyHint);
    // The service calls the upload of a form `file`; here every image is sent as text.
    images[name === 'file' ? 'body' : name] = body;
  }
  return images;
}

function checkSources(flags: TaskFlags, files: Readonly<Record<string, string>>): void {
  const fromStandardInput = [flags.file, flags.paramFile, ...Object.values(files)].filter(
    (each) => each?.trim() === '-',
  );
  if (fromStandardInput.length > 1) {
    throw new UsageError('standard input cannot be used for more than one of the image, --image and --param-file');
  }
  if (flags.file !== undefined && (Object.hasOwn(files, 'body') || Object.hasOwn(files, 'file'))) {
    throw new UsageError('--image body: the image is given twice', 'omit --image body or the file argument');
  }
}

/** What the flags and the files that they name say about a task. */
export async function taskInputOf(flags: TaskFlags, { read }: Context): Promise<TaskInput> {
  const files = parsePairs('--image', flags.image ?? []);
  checkSources(flags, files);
  const file = flags.file?.trim();
  const params = await paramsOf(flags, read);
  const twice = Object.keys(files).find((name) => Object.hasOwn(params, name));
  if (twice !== undefined)
    throw new UsageError(`--image ${twice}: ${twice} is also a parameter`, 'omit one of the two');
  return {
    taskId: '1',
    method: flags.method ?? null,
    sitekey: flags.sitekey ?? null,
    pageurl: flags.pageurl ?? null,
    pageAction: flags.pageAction ?? null,
    params: { ...params, ...(await imagesOf(files, read)) },
    body: file === undefined ? null : (await readBody(file, read)).body,
    region: flags.region ?? null,
  };
}
