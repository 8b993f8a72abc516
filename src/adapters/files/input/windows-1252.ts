/** What 0x80 to 0x9F stand for. https://encoding.spec.whatwg.org/index-windows-1252.txt */
const upper = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** The text that bytes in windows-1252 stand for; node's own decoder (20.20) takes 0x80 to 0x9F for control characters. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\x80-\x9f]/g, (character) => upper.charAt(character.charCodeAt(0) - 0x80));
}
