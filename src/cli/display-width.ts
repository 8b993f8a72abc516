import stringWidth from 'string-width';
import { withoutControls } from './control-characters.ts';

const plain = /^[ -~]*$/;
const graphemes = new Intl.Segmenter();

/** How many columns of a terminal a text takes that has no control characters. */
export function displayWidth(text: string): number {
  // Most texts are plain, and a long table asks for every cell.
  return plain.test(text) ? text.length : stringWidth(text);
}

/** The text with blanks behind it, up to `width` columns of a terminal. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** The beginning of a word that takes at most `width` columns, at least one character. */
function startOf(word: string, width: number): string {
  if (plain.test(word)) return word.slice(0, width);
  let start = '';
  for (const { segment } of graphemes.segment(word)) {
    if (start !== '' && displayWidth(start + segment) > width) break;
    start += segment;
  }
  return start;
}

/** The text in lines of at most `width` columns, broken at blanks. A longer word, such as a path, is broken anywhere. */
export function wrapToWidth(text: string, width: number): readonly string[] {
  const most = Math.max(8, width);
  const lines: string[] = [];
  let line = '';
  for (const written of withoutControls(text).split(' ')) {
    let word = written;
    const joined = line === '' ? word : `${line} ${word}`;
    if (displayWidth(joined) <= most) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    while (displayWidth(word) > most) {
      const start = startOf(word, most);
      lines.push(start);
      word = word.slice(start.length);
    }
    line = word;
  }
  return [...lines, line];
}
