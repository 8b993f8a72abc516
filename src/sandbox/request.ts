import type { IncomingMessage } from 'node:http';

/** One part of a `multipart/form-data` body. */
export interface Part {
  readonly name: string;
  /** Null for a plain field. */
  readonly fileName: string | null;
  readonly bytes: Buffer;
}

const boundaryIn = /boundary=(?:"([^"]+)"|([^;\s]+))/i;
const nameIn = /[;\s]name=(?:"((?:\\.|[^"\\])*)"|([^;\s]+))/i;
const fileNameIn = /[;\s]filename=(?:"((?:\\.|[^"\\])*)"|([^;\s]+))/i;
const encodedFileNameIn = /[;\s]filename\*=[^';]*'[^';]*'([^;\s]+)/i;
const headEnd = /\r?\n\r?\n/;

function captured(pattern: RegExp, head: string): string | null {
  const [, quoted, bare] = pattern.exec(head) ?? [];
  return quoted ?? bare ?? null;
}

function readPart(piece: string): Part | null {
  const blank = headEnd.exec(piece);
  if (blank === null) return null;
  // In practice headers are UTF-8, despite the RFC.
  const head = Buffer.from(piece.slice(0, blank.index), 'latin1').toString();
  const name = captured(nameIn, head);
  if (name === null) return null;
  const fileName = captured(fileNameIn, head) ?? captured(encodedFileNameIn, head);
  const content = piece.slice(blank.index + blank[0].length).replace(/\r?\n$/, '');
  return { name, fileName, bytes: Buffer.from(content, 'latin1') };
}

/**
 * The readable parts of a body. Node's own parser is stricter than the services that clients are written for: it
 * rejects bare line feeds, preambles and the `filename*` that Python sends for a name with an accent.
 */
export function readMultipart(body: Uint8Array, contentType: string): readonly Part[] {
  const boundary = captured(boundaryIn, contentType);
  if (boundary === null) return [];
  const [, ...pieces] = Buffer.from(body).toString('latin1').split(`--${boundary}`);
  const last = pieces.findIndex((piece) => piece.startsWith('--'));
  return (last === -1 ? pieces : pieces.slice(0, last)).flatMap((piece) => readPart(piece) ?? []);
}

/** A file from a multipart part. */
export interface Upload {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The parameters of a request from all its sources. */
export interface RequestParameters {
  readonly values: Readonly<Record<string, string>>;
  readonly upload: Upload | null;
}

/** The parts of an HTTP request that can contain parameters. */
export interface RequestParts {
  /** The text after the `?`. */
  readonly query: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

interface Parsed {
  readonly entries: readonly (readonly [string, string])[];
  readonly upload: Upload | null;
}

const nothing: Parsed = { entries: [], upload: null };

/** A JSON value in the form of a form field; null if it has none. */
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
  // Clients send JSON with any Content-Type, text/plain included; no form starts with a brace.
  return text.startsWith('{') ? parseJson(text) : { ...nothing, entries: [...new URLSearchParams(text)] };
}

/** Merges query and body; the body takes precedence. An unreadable body is ignored. Never throws. */
export function readParameters(parts: RequestParts): RequestParameters {
  const { entries, upload } = parseBody(parts);
  return { values: Object.fromEntries([...new URLSearchParams(parts.query), ...entries]), upload };
}

/** Larger requests are read to their end, so that the client receives the answer, but not stored. */
const bodyLimitBytes = 10 * 1024 * 1024;

/** The bytes of a request's body; null above `bodyLimitBytes`. Rejects if the client disconnects. */
export async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimitBytes) chunks.push(chunk);
  }
  return size > bodyLimitBytes ? null : Buffer.concat(chunks);
}
