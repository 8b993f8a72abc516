import fc from 'fast-check';
import { noTasks, slotsPerHour, type TaskUsage, type UsageRecord, UsageSums } from '../../src/domain/usage.ts';

/** An hour of tasks, with these differences. */
export function someTasks({
  counts,
  ...special
}: Omit<Partial<TaskUsage>, 'counts'> & { counts?: Partial<TaskUsage['counts']> } = {}): TaskUsage {
  const named = { hour: 500_000, method: 'turnstile', region: 'us-east-1', label: null };
  return { ...named, solveTimes: {}, ...special, counts: { ...noTasks, ...counts } };
}

const count = fc.nat(1_000);

/** Any record of one of the hours from `firstHour` on. */
export const anyRecord = (firstHour: number, hours: number): fc.Arbitrary<UsageRecord> => {
  const hour = fc.integer({ min: firstHour, max: firstHour + hours - 1 });
  const tasks = fc.record({
    hour,
    method: fc.constantFrom('turnstile', 'userrecaptcha'),
    region: fc.constantFrom(null, 'us-east-1', 'eu "west" 1'),
    label: fc.constantFrom(null, 'nightly'),
    counts: fc.record({
      ...{ submissions: count, bounced: count, solved: count, failed: count },
      ...{ possiblyCharged: count, expired: count, threadMs: fc.nat(1e9) },
    }),
    solveTimes: fc.dictionary(fc.nat(300).map(String), count, { maxKeys: 4 }),
  });
  const load = fc.record({
    hour,
    threads: fc.constant(50),
    slots: fc.dictionary(
      fc.nat(slotsPerHour - 1).map(String),
      fc.record({ busyMs: fc.nat(1e6), fullMs: fc.nat(20_000), workMs: fc.nat(20_000) }),
      { maxKeys: 4 },
    ),
  });
  return fc.oneof(tasks, load);
};

/** The sums of records, in an order that does not depend on theirs. */
export function sumsOf(records: readonly UsageRecord[]): readonly UsageRecord[] {
  const sums = new UsageSums();
  for (const record of records) sums.add(record);
  const nameOf = (record: UsageRecord): string =>
    'slots' in record ? `${record.hour}` : `${record.hour} ${record.method} ${record.region} ${record.label}`;
  return sums.records().toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
