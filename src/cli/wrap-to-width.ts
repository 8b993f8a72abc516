import { withoutControls } from './control-characters.ts';
import { displayWidth } from './display-width.ts';

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
    for (; displayWidth(word) > most; word = word.slice(most)) lines.push(word.slice(0, most));
    line = word;
  }
  return [...lines, line];
}
