import { writeSync } from 'node:fs';
import { lockJournal } from '../../../../../src/adapters/files/journal/journal-lock.ts';

/** `child-hold.mjs JOURNAL`: takes the lock, reports whether it has it, and keeps it until it is ended. */
const answer = await lockJournal(process.argv[2] ?? '', { startedAt: Date.now() }).then(
  () => 'held',
  (error: unknown) => `refused ${String(error)}`,
);
writeSync(1, `${answer}\n`);
setInterval(() => undefined, 60_000);
