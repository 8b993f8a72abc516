import { open } from 'node:fs/promises';
import { decodeHeader, type JournalHeader } from './journal-header.ts';

/** The header of a journal that exists. Throws `UsageError` where it is damaged, and the system's error. */
export async function readHeader(path: string): Promise<JournalHeader> {
  const file = await open(path);
  try {
    for await (const line of file.readLines({ autoClose: false })) return decodeHeader(Buffer.from(line), path);
    return decodeHeader(Buffer.alloc(0), path);
  } finally {
    await file.close();
  }
}
