import type { Result } from '../domain/result.ts';

/**
 * Image sizes that the service accepts: CaptchaAI's maximum, and the minimum of its older documentation (the newer says
 * 1 KB).
 */
export const imageBytes = { min: 100, max: 1024 * 1024 } as const;

/**
 * Limit for reading a file, in bytes: the largest image as base64 text, in lines of 64 characters with CRLF, after the
 * prefix of a `data:` URI. A longer file is too large, whatever it contains.
 */
export const maxFileBytes = Math.ceil((imageBytes.max / 3) * 4 * (66 / 64)) + 1024;

/** The content of a `body`. */
export type Medium = 'image' | 'audio';

/** A body in the form of the wire, or a phrase for what it is instead, which follows "it is". */
export type Body = Result<{ readonly body: string; readonly medium: Medium }, string>;

/** Starts of files as Latin-1. A text may start like a BMP, so the size of its header is checked too. */
const beginnings: Readonly<Record<Medium, readonly RegExp[]>> = {
  image: [
    /^\x89PNG\r\n\x1a\n/,
    /^\xff\xd8\xff/,
    /^GIF8[79]a/,
    /^RIFF[^]{4}WEBP/,
    /^BM[^]{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0/,
  ],
  audio: [
    /^ID3/,
    /^\xff[\xe2\xe3\xf2\xf3\xfa\xfb\xf1\xf9]/,
    /^RIFF[^]{4}WAVE/,
    /^OggS/,
    /^fLaC/,
    /^[^]{4}ftypM4A/,
    /^\x1aE\xdf\xa3/,
  ],
};

const lookalikes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY/, 'a private key'],
  [/^%PDF-/, 'a PDF'],
  [/^PK\x03\x04/, 'a ZIP archive or an office document'],
  [/^\x1f\x8b/, 'gzip data'],
  [/^\x7fELF/, 'a program'],
  [/^(?:II\*\0|MM\0\*)/, 'a TIFF image'],
  [/^\0\0\x01\0/, 'an icon'],
  [/^[^]{4}ftyp(?:avi[fs]|hei[cfsx]|mif1)/, 'an AVIF or HEIC image'],
  [/^[^]{4}ftyp/, 'a video'],
  [/<svg[\s>]/i, 'an SVG drawing'],
  [/<(?:!doctype html|html|head|body)[\s>]/i, 'HTML'],
  [/^\s*<\?xml/, 'XML'],
  [/^\s*[[{]\s*["\]}[{\d]/, 'JSON'],
];

const headBytes = 1024;
const controlCharacter = /[\0-\x08\x0e-\x1a\x1c-\x1f]/;
const base64Text = /^[A-Za-z\d+/]+={0,2}$/;
const dataUri = /^data:([^,]{0,200}),/i;

const headOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, headBytes)).toString('latin1');

function mediumOf(head: string): Medium | null {
  const begins = (medium: Medium): boolean => beginnings[medium].some((beginning) => beginning.test(head));
  if (begins('image')) return 'image';
  return begins('audio') ? 'audio' : null;
}

/** The medium of a file by its signature; null for anything else. */
export function mediumOfBytes(bytes: Uint8Array): Medium | null {
  return mediumOf(headOf(bytes));
}

/** A description of a file by its first bytes, for the user. */
function describe(head: string): string {
  if (head.trim() === '') return 'empty';
  const known = lookalikes.find(([beginning]) => beginning.test(head));
  if (known !== undefined) return known[1];
  const medium = mediumOf(head);
  if (medium !== null) return medium === 'image' ? 'an image' : 'sound';
  return controlCharacter.test(head) || /[\x80-\x9f]{4}/.test(head) ? 'unknown data' : 'text';
}

const notAnImage = (found: string): Body => ({
  error: found === 'empty' ? found : `${found}, not an image`,
});

function sized(body: string, medium: Medium): Body {
  const size = Math.floor((body.replace(/=+$/, '').length * 3) / 4);
  if (size < imageBytes.min) return { error: `only ${size} bytes: the minimum is ${imageBytes.min}` };
  if (size > imageBytes.max) return { error: 'larger than 1 MiB, the limit of the service' };
  return { value: { body, medium } };
}

/**
 * The body in a text: base64, with or without line breaks, or a `data:` URI of it. It is decoded once: base64 of base64
 * is invalid.
 */
export function bodyOfText(text: string): Body {
  const trimmed = text.trim();
  const uri = dataUri.exec(trimmed);
  if (uri !== null && !/;base64$/i.test(uri[1]?.trim() ?? '')) return { error: 'a data: URI that is not base64' };
  const bare = trimmed
    .slice(uri?.[0].length ?? 0)
    .replace(/\s+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  const written = describe(headOf(Buffer.from(trimmed.slice(0, headBytes))));
  if (!base64Text.test(bare)) return notAnImage(written);
  const head = headOf(Buffer.from(bare.slice(0, headBytes), 'base64'));
  const medium = mediumOf(head);
  if (medium !== null) return sized(bare, medium);
  const found = describe(head);
  if (uri !== null) return notAnImage(`a data: URI of ${found}`);
  // Ordinary words are valid base64 too, and decode to anything.
  const isOfWords = written !== 'text' || found === 'unknown data' || (found === 'text' && bare.length < 40);
  return notAnImage(isOfWords ? written : `base64 of ${found}`);
}

/** The body in a file: an image or a sound, or a text that contains one. */
export function bodyOfFile(bytes: Uint8Array): Body {
  const head = headOf(bytes);
  const medium = mediumOf(head);
  if (medium !== null) return sized(Buffer.from(bytes).toString('base64'), medium);
  if (bytes.length > maxFileBytes) return notAnImage(describe(head));
  const isText = head !== '' && !controlCharacter.test(head);
  return isText ? bodyOfText(Buffer.from(bytes).toString('utf8')) : notAnImage(describe(head));
}

/** How to fix an invalid body. */
export const bodyHint = 'use PNG, JPEG, GIF, BMP or WebP, or one of them as base64';
