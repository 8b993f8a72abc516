import { writeSync } from 'node:fs';
import { openJournal } from '../../../../../src/adapters/files/journal/open-journal.ts';

/**
 * `child-append.mjs JOURNAL LANES`: runs tasks through a journal without end, and reports each step when it is durable.
 */
const [, , path = '', lanes = '1'] = process.argv;
const header = {
  schemaVersion: 1,
  baseUrl: 'https://ocr.example.com',
  accountId: 'f00dcafe',
  input: '/data/in.csv',
  columns: ['task_id', 'method'],
  columnNames: {},
  createdAt: Date.now(),
} as const;

const say = (line: string): void => void writeSync(1, `${line}\n`);

try {
  const journal = await openJournal(path, header, { fresh: false });
  let next = journal.counts().total;
  say(`open ${next}`);
  const lane = async (): Promise<never> => {
    for (;;) {
      const key = (++next).toString(16).padStart(32, '0');
      await journal.intend(key, 1);
      say(`in-doubt ${key}`);
      await journal.submitted(key, `id-${key}`, 1);
      say(`submitted ${key}`);
      await journal.finished({ key, status: 'solved', expiresAt: 2, values: { solution: 'x'.repeat(next % 3000) } });
      say(`solved ${key}`);
    }
  };
  await Promise.all(Array.from({ length: Number(lanes) }, lane));
} catch (error) {
  say(`error ${(error as NodeJS.ErrnoException).code ?? ''} ${String(error)}`);
}
