import type { BadRow } from '../../ports/files.ts';
import type { BatchItem } from './batch-plan.ts';

/** Counts of an input, taken before anything is sent. */
export interface InputSummary {
  readonly rows: number;
  readonly bad: number;
  readonly byMethod: Readonly<Record<string, number>>;
  /** Tasks without a region are counted under the empty name. */
  readonly byRegion: Readonly<Record<string, number>>;
}

const countUp = (counts: Map<string, number>, name: string): unknown => counts.set(name, (counts.get(name) ?? 0) + 1);

/** Reads an input once from start to end; calls `onBad` for every invalid row. */
export async function scanInput(
  records: AsyncIterable<BatchItem | BadRow>,
  onBad: (bad: BadRow) => Promise<void>,
): Promise<InputSummary> {
  const [byMethod, byRegion] = [new Map<string, number>(), new Map<string, number>()];
  let [rows, bad] = [0, 0];
  for await (const record of records) {
    rows += 1;
    if ('type' in record) {
      bad += 1;
      await onBad(record);
      continue;
    }
    countUp(byMethod, record.task.method);
    countUp(byRegion, record.task.region ?? '');
  }
  return { rows, bad, byMethod: Object.fromEntries(byMethod), byRegion: Object.fromEntries(byRegion) };
}
