/** How bad a finding is. `skipped`: it could not be looked at, or there was nothing to look at. */
export type FindingStatus = 'ok' | 'warning' | 'failure' | 'skipped';

/** What a check says about its facts. Both texts may have several lines. */
export interface Finding {
  readonly status: FindingStatus;
  readonly found: string;
  /** What a person can do about it; null where there is nothing to do. */
  readonly fix: string | null;
}

export const ok = (found: string): Finding => ({ status: 'ok', found, fix: null });
export const warning = (found: string, fix: string): Finding => ({ status: 'warning', found, fix });
export const failure = (found: string, fix: string | null): Finding => ({ status: 'failure', found, fix });
/** `fix`: what would make it worth looking. */
export const skipped = (found: string, fix: string | null = null): Finding => ({ status: 'skipped', found, fix });

const worstFirst: readonly FindingStatus[] = ['failure', 'warning', 'ok', 'skipped'];

const lines = (texts: readonly (string | null)[]): string =>
  [...new Set(texts.filter((text) => text !== null))].join('\n');

/** Several findings of one check as one: as bad as the worst, with all that was found and every fix. */
export function combined(findings: readonly Finding[]): Finding {
  const status = worstFirst.find((each) => findings.some((finding) => finding.status === each)) ?? 'ok';
  const fix = lines(findings.map((finding) => finding.fix));
  return { status, found: lines(findings.map(({ found }) => found)), fix: fix === '' ? null : fix };
}
