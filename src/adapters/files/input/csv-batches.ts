import { UsageError } from '../../../domain/usage-error.ts';
import { quoteFaults } from './csv-fault.ts';
import { CsvReader, type CsvRecord } from './csv-reader.ts';

/** The records by chunk, the header among them; those before an error come before it. */
export async function* csvBatches(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
): AsyncGenerator<readonly CsvRecord[]> {
  const reader = new CsvReader(delimiter);
  for await (const chunk of chunks) {
    try {
      await reader.read(chunk);
    } finally {
      yield reader.takeRecords();
    }
  }
  try {
    await reader.end();
  } finally {
    yield reader.takeRecords();
  }
}

/** Excel's line that names the delimiter, before the header. */
export function isDeclaration({ fields, line }: CsvRecord, delimiter: string): boolean {
  return line === 1 && fields.length <= 2 && /^sep=.?$/i.test(fields.join(delimiter));
}

/** Throws `UsageError` for a header that is cut off or quoted wrongly. */
export function checkHeader({ fault, line }: CsvRecord): void {
  if (fault === null) return;
  const { reason, fix } = quoteFaults[fault.kind];
  throw new UsageError(`line ${line}, which names the columns: ${reason}`, fix);
}
