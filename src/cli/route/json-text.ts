import type { RouteDecision } from '../../core/routing/route-decision.ts';
import { jsonText, jsonValue } from '../output/control-characters.ts';
import { nothingHeld } from './nothing-held.ts';
import type { RouteRow, RouteText } from './route-row.ts';

const textOrNull = (text: string | null): string => (text === null ? 'null' : jsonText(text));

function decisionText({ region, rule, reason, error }: RouteDecision, queue: string | null): string {
  const [regionText, ruleText, queueText] = [textOrNull(region), textOrNull(rule), textOrNull(queue)];
  const end = `"queue":${queueText},"error":${textOrNull(error)}`;
  return `"region":${regionText},"rule":${ruleText},"reason":${jsonText(reason)},${end}`;
}

interface Remembered {
  readonly reason: string;
  readonly region: string | null;
  readonly text: string;
}

/**
 * Rows as JSON, put together by hand: the pages that one rule decides share most of their text, and `JSON.stringify` of
 * it costs as much as routing. There are as many texts to remember as there are rules.
 */
class RowsAsJson {
  readonly #remembered = new Map<string | null, Remembered>();

  /** The members of a row's object, without its braces. */
  members({ url, decision, queue, present, considered }: RouteRow): string {
    let text = `"url":${jsonText(url)},"host":${textOrNull(decision.host)},${this.#decision(decision, queue)}`;
    if (present !== null) {
      text += `,"assigned":${textOrNull(decision.region)},"effective":${textOrNull(present.effective)}`;
    }
    return considered === null ? text : `${text},"considered":${jsonValue(considered)}`;
  }

  #decision(decision: RouteDecision, queue: string | null): string {
    const { rule, reason, region } = decision;
    if (decision.error !== null) return decisionText(decision, queue);
    const known = this.#remembered.get(rule);
    if (known?.reason === reason && known.region === region) return known.text;
    const text = decisionText(decision, queue);
    this.#remembered.set(rule, { reason, region, text });
    return text;
  }
}

/** One object a line. */
export function jsonLines(): RouteText {
  const rows = new RowsAsJson();
  return { add: (row) => `{"schemaVersion":1,${rows.members(row)}}\n`, ...nothingHeld, end: () => '' };
}

/** One document, whose rows can be read as they come. */
export function jsonDocument(): RouteText {
  const rows = new RowsAsJson();
  // Whoever reads lines gets each row whole: what parts it from the next stands in front of that.
  let start = '{"schemaVersion":1,"routes":[\n';
  return {
    ...nothingHeld,
    add: (row) => {
      const text = `${start}{${rows.members(row)}}\n`;
      start = ',';
      return text;
    },
    end: () => ']}\n',
  };
}
