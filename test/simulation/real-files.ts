import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../src/adapters/files/journal/open-journal.ts';
import { journalHeader } from '../support/memory-disk.ts';
import type { Simulated } from './simulate.ts';

/** One in this many seeds writes its journals to real files, which is the slowest part. */
const realFilesEvery = 25;

/** The tasks with a row in a journal, opened like in a run. */
async function finishedIn(path: string): Promise<string[]> {
  const journal = await openJournal(path, journalHeader, { fresh: false });
  const ids: string[] = [];
  for await (const { values } of journal.finishedTasks()) ids.push(values['task_id'] ?? '');
  await journal.close();
  return ids.toSorted();
}

async function openAll({ batches, ledger }: Simulated, folder: string): Promise<void> {
  const path = join(folder, 'journal');
  for (const { wrecks, disk, lived } of batches) {
    for (const wreck of wrecks) {
      await writeFile(path, wreck);
      await finishedIn(path);
      ledger.count('journal: opened as a real file after a crash');
    }
    await writeFile(path, disk.bytes);
    const found = await finishedIn(path);
    const told = (lived.at(-1)?.rows ?? []).map((row) => row['task_id'] ?? '').toSorted();
    if (found.join() !== told.join()) ledger.violate(`a journal in a file has the rows ${found.join()}`);
    ledger.count('journal: opened as a real file in the end');
  }
}

/** Opens the journals, as every crash and the end left them, as real files. */
export async function openAsFiles(simulated: Simulated): Promise<void> {
  if (simulated.schedule.seed % realFilesEvery !== 0) return;
  const folder = await mkdtemp(join(tmpdir(), 'simulation-'));
  try {
    await openAll(simulated, folder);
  } catch (error) {
    simulated.ledger.violate(`a journal cannot be opened: ${String(error)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
