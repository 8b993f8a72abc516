const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** The length in ms of a duration as people write it (`250ms`, `5s`, `1.5m`, `1h`); null where the text is not one. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = written.exec(text) ?? [];
  return amount === undefined ? null : Number(amount) * unitsMs[unit as keyof typeof unitsMs];
}
