import { notReady, plainCode } from './answer.ts';

/** What an answer for several ids says about one of them. */
export type ManyAnswer =
  | { readonly type: 'not-ready' }
  /** Something that only the id's own answer tells for certain. */
  | { readonly type: 'code' }
  | { readonly type: 'token'; readonly token: string };

/** What tokens consist of and OCR answers, pages and JSON do not; no word or number is this long by chance. */
const tokenShape = /^[\w.:~+/=-]{20,}$/;

function readOne(text: string): ManyAnswer | null {
  if (notReady.test(text)) return { type: 'not-ready' };
  if (plainCode.test(text)) return { type: 'code' };
  return tokenShape.test(text) ? { type: 'token', token: text } : null;
}

/**
 * Takes apart what came for `count` ids: one answer each, in their order, between bars. Null where it does not fit: another
 * number of answers, one of no known shape, or one token for two tasks. Nothing of such an answer can be put to an id.
 */
export function readManyAnswers(payload: unknown, count: number): readonly ManyAnswer[] | null {
  const texts = typeof payload === 'string' ? payload.split('|') : [];
  const answers = texts.map(readOne).filter((answer) => answer !== null);
  const tokens = answers.flatMap((answer) => (answer.type === 'token' ? answer.token : []));
  const fits = texts.length === count && answers.length === count && new Set(tokens).size === tokens.length;
  return fits ? answers : null;
}
