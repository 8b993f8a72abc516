import { userAgent } from './make-solution.ts';
import type { ManyIds } from './options.ts';
import { accepted, refused, type Reply } from './reply.ts';

/** One of several ids, and its own answer. */
export interface Look {
  readonly id: string;
  readonly reply: Reply;
}

/** Every answer in one line, in the order of the looks; status 1 even where some are not ready. */
function inOneLine(looks: readonly Look[]): Reply {
  const line = looks.map(({ reply }) => reply.plain.replace(/^OK\|/, '')).join('|');
  return { ...accepted(line, line), collects: looks.flatMap(({ reply }) => reply.collects) };
}

function adorned(looks: readonly Look[]): Reply {
  const reply = inOneLine(looks);
  return { ...reply, json: { ...reply.json, user_agent: userAgent } };
}

const manners: Readonly<Record<ManyIds, (looks: readonly Look[]) => Reply>> = {
  answered: inOneLine,
  // Whoever knows `id` alone finds none.
  unknown: () => refused('ERROR_WRONG_ID_FORMAT'),
  short: (looks) => inOneLine(looks.slice(0, -1)),
  sorted: (looks) => inOneLine(looks.toSorted((a, b) => Number(a.id) - Number(b.id))),
  adorned,
};

/** The answer to a `get` for several ids, as a service of that manner gives it. */
export function answerMany(looks: readonly Look[], manner: ManyIds): Reply {
  return manners[manner](looks);
}
