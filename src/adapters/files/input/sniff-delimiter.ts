const candidates = [',', ';', '\t', '|'] as const;
const mostRecords = 50;

/** The line with which Excel is told the delimiter, above the header. */
const declaration = /^sep=(.)[\r\n]/i;

/** The texts of records, blank lines left out: line ends inside quotes do not end them. The last one may be cut off. */
function recordsIn(text: string): string[] {
  const records = text.match(/(?:"[^"]*(?:"|$)|[^"\r\n]+)+/g) ?? [];
  return records.filter((record) => record.trim() !== '');
}

function countOutsideQuotes(record: string, candidate: string): number {
  return record.replace(/"[^"]*(?:"|$)/g, '').split(candidate).length - 1;
}

/** The candidate that occurs as often in most of the records as in the first one; the more frequent one of equals. */
function mostConsistent(found: readonly string[], records: readonly string[]): string {
  const [header = '', ...rest] = records;
  const scored = found.map((delimiter) => {
    const count = countOutsideQuotes(header, delimiter);
    return { delimiter, count, alike: rest.filter((record) => countOutsideQuotes(record, delimiter) === count).length };
  });
  scored.sort((a, b) => b.alike - a.alike || b.count - a.count);
  return scored[0]?.delimiter ?? ',';
}

/**
 * What separates the fields of a CSV: `,` `;` tab or `|`. `head` is its beginning, `isAll` that nothing will be added to
 * it. Null where more of the text is needed: where the header is not complete, or has several of them.
 */
export function sniffDelimiter(head: string, isAll: boolean): string | null {
  const declared = declaration.exec(head)?.[1];
  if (declared !== undefined) return declared;
  const records = recordsIn(head).slice(0, mostRecords);
  const [header = ''] = records;
  const found = candidates.filter((candidate) => countOutsideQuotes(header, candidate) > 0);
  if (isAll) return mostConsistent(found, records);
  const endsInside = head.trimStart().length <= header.length;
  return endsInside || found.length > 1 ? null : (found[0] ?? ',');
}
