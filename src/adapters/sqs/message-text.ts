/** What is not in XML, and halves of pairs, at which some emulators stumble; JSON has escaped all else that SQS refuses. */
const escaped = /[\uD800-\uDFFF\uFFFE\uFFFF]/g;

/** A value as the body of a message. */
export function encodeMessage(value: object): string {
  return JSON.stringify(value).replace(escaped, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}
