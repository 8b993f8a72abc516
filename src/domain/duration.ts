const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const durationText = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** The length in ms that a text such as `250ms`, `5s`, `1.5m` or `1h` says; null where it is not a duration. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = durationText.exec(text) ?? [];
  const ms = unitMs[unit ?? ''];
  return ms === undefined ? null : Number(amount) * ms;
}
