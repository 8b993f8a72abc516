/** A joiner or a variation selector behind a letter that is not ASCII: scripts and emoji are written with them. */
const visibleInEffect = /(?<=[^\0-\x7f])[\u200c\u200d\ufe00-\ufe0f]/gu;
/** Control and format characters, and blanks that are not blank to `\s`; a line end in a name is a blank. */
const invisible = /(?![\t\n\v\f\r\u2028\u2029])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const everyInvisible = new RegExp(invisible, 'gu');

/** Whether a name holds a character that people do not see: it then is another name than the one they read. */
export function hasInvisible(name: string): boolean {
  return invisible.test(name.replace(visibleInEffect, ''));
}

/** The name without what people do not see. */
export function visibleName(name: string): string {
  return name.replace(everyInvisible, '').trim();
}

/** A name that was written with other capitals, blanks, `_` or `-` is the same name: what all its spellings share. */
export function foldedName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_-]+/g, '');
}

const plainName = /^[\p{L}\p{M}\p{N}_.[\]-]+$/u;

/** The name as it is shown to a person: in quotes where it is not one word, and what is invisible in it escaped. */
export function shownName(name: string): string {
  if (plainName.test(name) && !hasInvisible(name)) return name;
  return JSON.stringify(name).replace(everyInvisible, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
