/** No answer of the protocol nests deeper than three levels; JSON of thousands would exhaust the stack of its readers. */
const mostLevels = 32;

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}

/** The value that a JSON text stands for; undefined where it is malformed, cut off, or nested absurdly deep. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isShallow(value, mostLevels) ? value : undefined;
  } catch {
    return undefined;
  }
}
