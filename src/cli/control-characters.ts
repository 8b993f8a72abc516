/** What would move the cursor, ring, or turn the line around, on a terminal that gets it raw. */
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with a blank for every character that a terminal would obey. */
export function withoutControls(text: string): string {
  return text.replace(controlCharacters, ' ');
}

const inLines = String.raw`\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]`;
const plainLines = new RegExp(inLines, 'g');
/** With the styles of `Terminal.style`. */
const styledLines = new RegExp(String.raw`\u001b\[(?:1|2|22|31|32|33|36|39)m|${inLines}`, 'g');

/**
 * Lines of text with a blank for every character that a terminal would obey, except line ends and tabs. `isStyled`: the
 * program's own styles stay.
 */
export function cleanLines(text: string, isStyled: boolean): string {
  if (!isStyled) return text.replace(plainLines, ' ');
  return text.replace(styledLines, (found) => (found.length > 1 ? found : ' '));
}

/** JSON may hold these as they are; a terminal should not. */
const obeyed = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const inNeedOfEscapes = /["\\\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A value as JSON without a character that a terminal would obey. */
export function jsonValue(value: object): string {
  return JSON.stringify(value).replace(obeyed, escaped);
}

/** A text as JSON without a character that a terminal would obey. */
export function jsonText(text: string): string {
  return inNeedOfEscapes.test(text) ? JSON.stringify(text).replace(obeyed, escaped) : `"${text}"`;
}
