/** Joiners and variation selectors after a non-ASCII letter: some scripts and emoji need them. */
const visibleInEffect = /(?<=[^\0-\x7f])[\u200c\u200d\ufe00-\ufe0f]/gu;
/** Control and format characters, and blanks that `\s` does not match; a line end counts as a blank. */
const invisible = /(?![\t\n\v\f\r\u2028\u2029])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const everyInvisible = new RegExp(invisible, 'gu');

/** True if a name contains an invisible character, so that it differs from the name that people read. */
export function hasInvisible(name: string): boolean {
  return invisible.test(name.replace(visibleInEffect, ''));
}

/** The name without invisible characters. */
export function visibleName(name: string): string {
  return name.replace(everyInvisible, '').trim();
}

/** Equal for names that differ only in capitals, blanks, `_` and `-`. */
export function foldedName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_-]+/g, '');
}

const plainName = /^[\p{L}\p{M}\p{N}_.[\]-]+$/u;

/** The name for display: quoted unless it is a single word, with invisible characters escaped. */
export function shownName(name: string): string {
  if (plainName.test(name) && !hasInvisible(name)) return name;
  return JSON.stringify(name).replace(everyInvisible, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
