import { readMultipart } from './multipart.ts';

/** A file that came as a multipart part. */
export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Everything that a request says, wherever it says it. */
export interface RequestParameters {
  readonly values: Readonly<Record<string, string>>;
  readonly upload: Upload | null;
}

/** The parts of an HTTP request that can carry parameters. */
export interface RequestParts {
  /** After the `?`, without it. */
  readonly query: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

interface Parsed {
  readonly entries: readonly (readonly [string, string])[];
  readonly upload: Upload | null;
}

const nothing: Parsed = { entries: [], upload: null };

/** A JSON value as a form would carry it; null where it says nothing. */
function formValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseJson(text: string): Parsed {
  try {
    const entries = Object.entries(JSON.parse(text) as object).flatMap(([name, value]) => {
      const written = formValue(value);
      return written === null ? [] : [[name, written] as const];
    });
    return { ...nothing, entries };
  } catch {
    return nothing;
  }
}

function parseMultipart({ body, contentType }: RequestParts): Parsed {
  const parts = readMultipart(body, contentType);
  const fields = parts.filter(({ fileName }) => fileName === null);
  const files = parts.filter(({ fileName }) => fileName !== null);
  const file = files.find(({ name }) => name === 'file') ?? files[0];
  return {
    entries: fields.map(({ name, bytes }) => [name, bytes.toString()]),
    upload: file === undefined ? null : { name: file.fileName ?? '', bytes: file.bytes },
  };
}

function parseBody(parts: RequestParts): Parsed {
  if (parts.body.length === 0) return nothing;
  if (/^multipart\/form-data/i.test(parts.contentType)) return parseMultipart(parts);
  const text = new TextDecoder().decode(parts.body).trim();
  // Clients send JSON under any Content-Type, text/plain included; no form begins with a brace.
  return text.startsWith('{') ? parseJson(text) : { ...nothing, entries: [...new URLSearchParams(text)] };
}

/** Merges query and body, the body winning; a body that cannot be read says nothing. Never throws. */
export function readParameters(parts: RequestParts): RequestParameters {
  const { entries, upload } = parseBody(parts);
  return { values: Object.fromEntries([...new URLSearchParams(parts.query), ...entries]), upload };
}
