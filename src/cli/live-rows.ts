import { wrapToWidth } from './display-width.ts';

export const hideCursor = '\u001b[?25l';
export const showCursor = '\u001b[?25h';
/**
 * Erases from the first column of the cursor's row to the end of the screen. Some terminals keep a copy of what is erased from the very
 * first character of the screen on, so a blank takes its place first.
 */
export const eraseBelow = ' \u001b[J\r';

/** What is redrawn below everything else. */
export interface LiveText {
  /** One character in front of the text, already clean and in its style. */
  readonly mark: string;
  readonly text: string;
}

/** What is known of a screen; 24 rows are usual. */
interface ScreenSize {
  readonly columns?: number;
  readonly rows?: number;
}

const markWidth = 2;

/**
 * The rows of a live text, after which the cursor is at its first character again: to erase the text, its height need not be
 * known, which another width of the screen would have changed. The last column stays free, so no row wraps by itself. What the
 * screen is too low for is left out.
 */
export function liveRows({ mark, text }: LiveText, { columns = 80, rows = 24 }: ScreenSize): string {
  const lines = wrapToWidth(text, columns - markWidth - 1).slice(0, Math.max(1, rows - 1));
  const up = lines.length === 1 ? '' : `\u001b[${lines.length - 1}A`;
  return `${lines.map((line, index) => `${index === 0 ? `${mark} ` : '  '}${line}`).join('\n')}\r${up}`;
}
