const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** Parses a duration (`250ms`, `5s`, `1.5m`, `1h`) into ms; null if it is invalid. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = written.exec(text) ?? [];
  return amount === undefined ? null : Number(amount) * unitsMs[unit as keyof typeof unitsMs];
}
