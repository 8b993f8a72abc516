import { describe, expect, it } from 'vitest';
import type { UsageView } from '../../../src/cli/context.ts';
import type { BatchFiles } from '../../../src/cli/batch-files.ts';
import { type UsageFlags, run } from '../../../src/commands/usage/command.ts';
import { Quantiles } from '../../../src/core/solve/quantiles.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import { hourMs, slotMs, type UsageRecord } from '../../../src/domain/usage.ts';
import type { FinishedTask } from '../../../src/ports/files.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { someTasks } from '../../support/some-usage.ts';

/** The clock of the stage. */
const now = Date.UTC(2026, 0, 2);
const hour = now / hourMs - 1;
const solveTimes = { [Quantiles.bucketOf(12_000)]: 95, [Quantiles.bucketOf(41_000)]: 5 };

const records: readonly UsageRecord[] = [
  someTasks({
    ...{ hour, method: 'userrecaptcha', region: 'ap-southeast-1', solveTimes },
    counts: { submissions: 1_250, bounced: 12, solved: 1_200, failed: 30, possiblyCharged: 3, threadMs: 20_000_000 },
  }),
  someTasks({ hour, solveTimes, counts: { submissions: 300, solved: 300, expired: 2, threadMs: 1_500_000 } }),
  { hour, threads: 50, slots: { 0: { busyMs: 41 * slotMs, fullMs: 16_000, workMs: slotMs } } },
];
const shared: UsageView = { service: 'https://ocr.captchaai.com', account: 'ab12', records };

function aRow(values: Record<string, string>, status: 'solved' | 'failed' = 'solved'): FinishedTask {
  return { key: '0'.repeat(32), status, expiresAt: null, values };
}

const row = {
  ...{ method: 'turnstile', region: 'us-east-1', attempts: '1', duration_ms: '12000', possibly_charged: 'false' },
  ...{ expired: 'true', submitted_at: '2026-01-01T23:00:00.000Z', solved_at: '2026-01-01T23:00:10.000Z' },
};
const journal = [
  aRow(row),
  aRow({ ...row, method: '', attempts: '3', submitted_at: '', solved_at: '', possibly_charged: 'true' }, 'failed'),
  aRow({ ...row, submitted_at: '2025-12-01T00:00:00.000Z', solved_at: '2025-12-01T00:00:10.000Z' }),
];

/** Files of which each is this journal. */
function journalFiles(rows: readonly FinishedTask[]): BatchFiles {
  async function* journalRows() {
    yield* rows;
  }
  return { journalRows } as unknown as BatchFiles;
}

async function shown(flags: Partial<UsageFlags>, parts: StageParts = {}) {
  const stage = aStage({ usage: shared, batchFiles: journalFiles(journal), ...parts });
  expect(await run({ journals: [], ...flags }, stage.context)).toBe(0);
  return { ...stage, text: stage.stdout.text };
}

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('captcha usage', () => {
  it('prints a table that fits a screen of 80 columns, totals and a verdict', async () => {
    const { text } = await shown({}, { stdout: { isTTY: true, columns: 80 } });
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toMatch(/│ userrecaptcha │ ap-southeast-1 │ 1238 │ 98 % {3}│ 12.\ds │ 12.\ds │ 5h 33m {2}│/);
    expect(text).toContain('tasks             1500 solved, 30 failed (98 % solved)\n');
    expect(text).toContain('submissions       1538, and 12 more refused because no thread was free\n');
    expect(text).toContain('possibly charged  3\nexpired unused    2\n');
    expect(text).toContain('threads           50, busy 41 on average, 41 at most (average of 20 s)\n');
    expect(text).toContain('at the limit      80 % of 20s with tasks in work\n');
    const verdict = text.split('\n\n').at(-1)?.replaceAll('\n', ' ');
    expect(verdict).toBe(
      'The plan is too small (50 threads): no thread was free in 80 % of the 20s with tasks in work. More threads would ' +
        'finish the same tasks sooner. Most thread time goes to userrecaptcha in ap-southeast-1: 93 %. ',
    );
  });

  it('prints words in lines on a screen of 60 columns', async () => {
    const { text } = await shown({}, { stdout: { isTTY: true, columns: 60 } });
    expect(widest(text)).toBeLessThanOrEqual(60);
    expect(text).toMatch(
      /^userrecaptcha in ap-southeast-1\n {2}1238 submissions, 98 % solved, p50 12.\ds, p95 12.\ds,\n {2}5h 33m of thread time\n/m,
    );
    expect(text).toContain('\nThe plan is too small');
  });

  it('has a column for labels where there are any', async () => {
    const labelled = { ...shared, records: [someTasks({ hour, label: 'nightly', counts: { submissions: 2 } })] };
    const { text } = await shown(
      {},
      {
        usage: labelled,
        stdout: { isTTY: true, columns: 80 },
        api: { threads: async () => ({ threads: 7, workingThreads: 0 }) },
      },
    );
    expect(text).toMatch(/method +│ region +│ label +│ sent/);
    expect(text).toContain('threads           7\n');
    expect(text.replaceAll('\n', ' ')).toContain('All tasks are turnstile in us-east-1 (label nightly).');
  });

  it('prints the same as JSON and as CSV', async () => {
    const { text } = await shown({ since: '24h' }, { globals: { json: true } });
    expect(JSON.parse(text)).toMatchObject({
      ...{ schemaVersion: 1, since: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z', journals: [] },
      shared: {
        ...{ service: 'https://ocr.captchaai.com', account: 'ab12' },
        rows: [
          { method: 'userrecaptcha', submissions: 1_238 },
          { method: 'turnstile', expired: 2 },
        ],
        total: { submissions: 1_538, bounced: 12, solved: 1_500, failed: 30, possiblyCharged: 3, expired: 2 },
        threads: { threads: 50, saturation: 0.8, workSeconds: 20, meanBusy: 41, peakBusy: 41 },
        plan: { fit: 'too-small', enough: null },
      },
    });
  });

  it('counts journals by themselves, without rows from before', async () => {
    const { text } = await shown({ journals: ['a.journal'] }, { globals: { json: true } });
    const { journals } = JSON.parse(text) as { journals: readonly object[] };
    expect(journals).toMatchObject([
      {
        path: 'a.journal',
        rows: [
          { method: 'turnstile', region: 'us-east-1', submissions: 1, solved: 1, expired: 1, threadSeconds: 11 },
          { method: 'base64', submissions: 3, failed: 1, possiblyCharged: 1, threadSeconds: 0 },
        ],
        verdict: 'Most thread time goes to turnstile in us-east-1: 100 %.',
      },
    ]);
  });

  it('counts a journal without a key, and says so', async () => {
    const stage = aStage({ batchFiles: journalFiles(journal) });
    const usage = async (): Promise<never> => Promise.reject(new UsageError('no API key'));
    expect(await run({ journals: ['a.journal'] }, { ...stage.context, usage })).toBe(0);
    expect(stage.stderr.text).toBe('only the journals are counted: no API key\n');
    expect(stage.stdout.text).toContain('journal a.journal, since 2025-12-26T00:00:00.000Z:\n');
    await expect(run({ journals: [] }, { ...stage.context, usage })).rejects.toThrow('no API key');
  });

  it.each<[string, StageParts, string]>([
    [
      'before anything was counted',
      { usage: { ...shared, records: [] } },
      'nothing was counted in this time: run captcha solve, batch or worker',
    ],
    ['with --sandbox', { globals: { sandbox: true } }, 'nothing is counted with --sandbox'],
    ['where every process keeps its own state', {}, 'nothing is counted with budget.scope process'],
  ])('says what to do %s', async (_when, parts, sentence) => {
    const stage = aStage(parts);
    expect(await run({ journals: [] }, stage.context)).toBe(0);
    expect([stage.stdout.text, stage.stderr.text]).toEqual(['', expect.stringContaining(sentence) as string]);
    expect(stage.stderr.text).toContain('name the journal of a batch: captcha usage FILE.journal');
  });

  it.each<[Partial<UsageFlags>, boolean, string]>([
    [{ since: '7' }, false, '--since 7: not a duration up to 31d'],
    [{ since: '32d' }, false, '--since 32d: not a duration up to 31d'],
    [{ format: 'yaml' }, false, '--format yaml: unknown format'],
    [{ format: 'csv' }, true, '--format cannot be used with --json'],
  ])('refuses %o with --json %s', async (flags, json, message) => {
    const stage = aStage({ globals: { json } });
    await expect(run({ journals: [], ...flags }, stage.context)).rejects.toThrow(message);
  });
});
