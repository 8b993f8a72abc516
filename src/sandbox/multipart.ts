/** One part of a `multipart/form-data` body. */
export interface Part {
  readonly name: string;
  /** Null where the part is a plain field. */
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
  // Headers are UTF-8 in practice, whatever the RFC says.
  const head = Buffer.from(piece.slice(0, blank.index), 'latin1').toString();
  const name = captured(nameIn, head);
  if (name === null) return null;
  const fileName = captured(fileNameIn, head) ?? captured(encodedFileNameIn, head);
  const content = piece.slice(blank.index + blank[0].length).replace(/\r?\n$/, '');
  return { name, fileName, bytes: Buffer.from(content, 'latin1') };
}

/**
 * The parts of a body, as many as can be read. Node's own parser is stricter than the services that clients are written
 * for: it refuses bare line feeds, preambles and the `filename*` that Python sends for a name with an accent.
 */
export function readMultipart(body: Uint8Array, contentType: string): readonly Part[] {
  const boundary = captured(boundaryIn, contentType);
  if (boundary === null) return [];
  const [, ...pieces] = Buffer.from(body).toString('latin1').split(`--${boundary}`);
  const last = pieces.findIndex((piece) => piece.startsWith('--'));
  return (last === -1 ? pieces : pieces.slice(0, last)).flatMap((piece) => readPart(piece) ?? []);
}
