/**
 * The last day of support of each major version of Node.js, as planned: https://github.com/nodejs/Release/blob/main/schedule.json,
 * read in November 2026. Versions that are not listed are newer than this program.
 */
const endsOfLife: Readonly<Record<string, string>> = {
  18: '2025-04-30',
  19: '2023-06-01',
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
  27: '2030-04-30',
};

/**
 * The last day of support of a version such as `20.20.1`, as `YYYY-MM-DD`, if it is over at `now` (wall clock, in epoch ms);
 * null if it is not, or if it is not known.
 */
export function endedOn(nodeVersion: string, now: number): string | null {
  const [major = ''] = nodeVersion.split('.');
  const lastDay = endsOfLife[major];
  return lastDay !== undefined && now > Date.parse(`${lastDay}T23:59:59.999Z`) ? lastDay : null;
}
