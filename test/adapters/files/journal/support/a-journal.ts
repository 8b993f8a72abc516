import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { OpenJournal } from '../../../../../src/adapters/files/journal/file-journal.ts';
import type { JournalHeader } from '../../../../../src/adapters/files/journal/journal-header.ts';
import { openJournal } from '../../../../../src/adapters/files/journal/open-journal.ts';
import type { FinishedTask } from '../../../../../src/ports/files.ts';

export const aHeader: JournalHeader = {
  schemaVersion: 1,
  baseUrl: 'https://ocr.example.com',
  accountId: 'f00dcafe',
  input: '/data/in.csv',
  columns: ['task_id', 'method'],
  columnNames: {},
  createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
};

/** A folder that is removed after the test. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const open = (path: string, header: Partial<JournalHeader> = {}): Promise<OpenJournal> =>
  openJournal(path, { ...aHeader, ...header }, { fresh: false });

/** The n-th key: 32 hex digits, distributed like a hash. */
export const keyOf = (n: number): string => (n + 1).toString(16).padStart(8, '0').repeat(4);

export const finishedTask = (key: string, more: Partial<FinishedTask> = {}): FinishedTask => ({
  key,
  status: 'solved',
  expiresAt: null,
  values: { task_id: key.slice(0, 8), solution: 'a "token",\nwith ünïcode' },
  ...more,
});

export async function rowsOf(journal: OpenJournal): Promise<FinishedTask[]> {
  const rows: FinishedTask[] = [];
  for await (const row of journal.finishedTasks()) rows.push(row);
  return rows;
}
