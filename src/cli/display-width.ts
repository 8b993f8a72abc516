import stringWidth from 'string-width';

const plain = /^[ -~]*$/;

/** How many columns of a terminal a text takes that has no control characters. */
export function displayWidth(text: string): number {
  // Most texts are plain, and a long table asks for every cell.
  return plain.test(text) ? text.length : stringWidth(text);
}

/** The text with blanks behind it, up to `width` columns of a terminal. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
