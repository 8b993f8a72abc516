import type { PollAnswer } from '../../ports/api.ts';
import { type ManyAnswer, readManyAnswers } from '../../protocol/many-answers.ts';
import type { Parsed, Success } from './responses.ts';

function pollAnswerOf(answer: ManyAnswer): PollAnswer | null {
  // A fault may cost another submission: what the answer for many says of one is not believed.
  if (answer.type === 'code') return null;
  return answer.type === 'token' ? { ready: true, solution: { text: answer.token, fields: {} } } : { ready: false };
}

/** What a poll for `count` ids found; null where it does not fit them. What comes beside the tokens belongs to no id. */
export function parseManyPollResponse(answer: Success, count: number): Parsed<readonly (PollAnswer | null)[] | null> {
  const isPlain = answer.type === 'ok' && Object.keys(answer.fields).length === 0;
  return { value: (isPlain ? readManyAnswers(answer.payload, count) : null)?.map(pollAnswerOf) ?? null };
}
