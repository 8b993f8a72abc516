import type { Solution } from '../domain/solution.ts';

type Fields = Readonly<Record<string, unknown>>;

const geetestText = /^challenge:(?<challenge>[^,]*),validate:(?<validate>[^,]*),seccode:(?<seccode>.*)$/;
const cloudflareText = /^cf_clearance=(?<cf_clearance>[^;]*);\s*user_agent=(?<user_agent>.*)$/;

function structured(parts: Fields, fields: Fields): Solution {
  return { text: JSON.stringify(parts), fields: { ...parts, ...fields } };
}

function objectIn(text: string): Fields | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return null;
  }
}

/**
 * The solution in a poll's payload, or null where there is none. GeeTest and Cloudflare answers come as an object, as
 * JSON in a string, or as text of their own; all three become compact JSON with the parts as fields.
 */
export function solutionOf(payload: unknown, fields: Fields): Solution | null {
  if (typeof payload === 'number') return { text: String(payload), fields };
  if (Array.isArray(payload)) return { text: JSON.stringify(payload), fields };
  if (typeof payload === 'object' && payload !== null) return structured(payload as Fields, fields);
  if (typeof payload !== 'string' || payload === '') return null;
  const parts = objectIn(payload) ?? geetestText.exec(payload)?.groups ?? cloudflareText.exec(payload)?.groups;
  return parts === undefined ? { text: payload, fields } : structured(parts, fields);
}
