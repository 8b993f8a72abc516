import { withoutControls } from '../output/control-characters.ts';
import { nothingHeld } from './nothing-held.ts';
import type { CsvText, RouteFiles } from './route-files.ts';
import type { RouteRow, RouteText } from './route-row.ts';

const columns = ['url', 'host', 'region', 'rule', 'reason', 'queue', 'error'];

const cell = (text: string | null): string => (text === null ? '' : withoutControls(text));

function valuesOf({ url, decision, queue, present, considered }: RouteRow): Readonly<Record<string, string>> {
  const { host, region, rule, reason, error } = decision;
  return {
    ...{ url: cell(url), host: cell(host), region: cell(region), rule: cell(rule), reason: cell(reason) },
    ...{ queue: cell(queue), error: cell(error), assigned: cell(region), effective: cell(present?.effective ?? null) },
    considered: cell(considered === null ? null : JSON.stringify(considered)),
  };
}

/** A header and one record for each URL; control characters, which no URL needs, are blanks. */
export function csvRows(
  files: RouteFiles,
  extra: { readonly present: boolean; readonly considered: boolean },
): RouteText {
  const present = extra.present ? ['assigned', 'effective'] : [];
  const csv: CsvText = files.csv([...columns, ...present, ...(extra.considered ? ['considered'] : [])]);
  let { header } = csv;
  return {
    ...nothingHeld,
    add: (row) => {
      const text = `${header}${csv.render(valuesOf(row))}`;
      header = '';
      return text;
    },
    end: () => '',
  };
}
