import type { Solution } from '../domain/solution.ts';
import { parseJson } from './parse-json.ts';

type Fields = Readonly<Record<string, unknown>>;

const geetestText = /^challenge:(?<challenge>[^,]*),validate:(?<validate>[^,]*),seccode:(?<seccode>.*)$/;
const cloudflareText = /^cf_clearance=(?<cf_clearance>[^;]*);\s*user_agent=(?<user_agent>.*)$/;

function objectIn(text: string): Fields | null {
  return text.startsWith('{') ? ((parseJson(text) as Fields | undefined) ?? null) : null;
}

function partsOf(payload: unknown): Fields | null {
  if (typeof payload === 'object') return payload as Fields | null;
  if (typeof payload !== 'string') return null;
  return objectIn(payload) ?? geetestText.exec(payload)?.groups ?? cloudflareText.exec(payload)?.groups ?? null;
}

/**
 * The solution in a poll's payload, or null where there is none. GeeTest and Cloudflare answers come as an object, as
 * JSON in a string, or as text of their own; all three become compact JSON with the parts as fields. A list (the cells
 * of a grid) becomes compact JSON.
 */
export function solutionOf(payload: unknown, fields: Fields): Solution | null {
  if (Array.isArray(payload)) return { text: JSON.stringify(payload), fields };
  if (typeof payload === 'number') return { text: String(payload), fields };
  const parts = partsOf(payload);
  if (parts !== null) {
    return Object.keys(parts).length === 0 ? null : { text: JSON.stringify(parts), fields: { ...parts, ...fields } };
  }
  return typeof payload === 'string' && payload.trim() !== '' ? { text: payload, fields } : null;
}
