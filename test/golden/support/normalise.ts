import { hostname } from 'node:os';
import { root } from '../../acceptance/support/running.ts';

type Rule = readonly [pattern: RegExp, placeholder: string];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The members of JSON documents and of files whose numbers are measured. */
const measured = [
  ...[
    'durationMs',
    'elapsedMs',
    'duration_ms',
    'latencyMs',
    'submitMs',
    'ageMs',
    'oldestAgeMs',
    'uptimeMs',
    'uptimeS',
    'nextTokenInMs',
  ],
  ...['tokens', 'p50', 'p95', 'at', 'latestMs', 'usedMs', 'countedToMs', 'units', 'jitter', 'quietUntilMs'],
  ...['waitMs', 'retryInMs', 'backoffMs', 'heldMs', 'roundTripMs', 'api_latency_ms', 'apiLatencyMs'],
].join('|');

/** What differs from run to run, and what stands for it. Earlier rules win. */
const volatile: readonly Rule[] = [
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/(?<![.\d])\b1[78]\d{11}(\.\d+)?\b/g, '<epoch-ms>'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>'],
  // The key of a task that was given on the command line is random.
  [/\bs-[0-9a-f]{20}-[0-9a-f]{32}\b/g, 's-<run>-<key>'],
  [/\b([bs])-[0-9a-f]{20}\b/g, '$1-<run>'],
  [new RegExp(`${escaped(hostname())}-\\d+`, 'g'), '<host>-<pid>'],
  [/"pid": ?"\d+"/g, '"pid": "<pid>"'],
  [/"by":"[\d.]+"/g, '"by":"<process>"'],
  [/(127\.0\.0\.1|localhost):\d+/g, '$1:<port>'],
  [/"c":"[0-9a-f]{8}"/g, '"c":"<crc>"'],
  // Solutions: the shortest token of the sandbox has more characters than any name or digest.
  [/[\w-]{72,}/g, '<token>'],
  [/(?<=(validate|seccode)\W+)[0-9a-f]{32}/g, '<hex>'],
  [/\b\d{10}\b/g, '<captcha-id>'],
  [/(\\?")pollMs\1:( ?)\[[^\]]*\]/g, '$1pollMs$1:$2[<ms>]'],
  // In a document within a document quotes are escaped.
  [new RegExp(`(\\\\?")(${measured})\\1:( ?)("?)-?\\d+(\\.\\d+)?(e-?\\d+)?\\4`, 'g'), '$1$2$1:$3$4<number>$4'],
  [/(_seconds(?:\{[^}]*\})?) [\d.e-]+/g, '$1 <number>'],
  // Not what a configuration says: that stands in quotes.
  [/(?<![\w"<.])(\d+m ?)?\d+(\.\d+)? ?(ms|s)\b/g, '<duration>'],
  // The times of regions, whose columns are as wide as their values.
  [/(<duration>\/<duration>) {2,}/g, '$1  '],
  [/solve time {2,}API latency {2,}delay/g, 'solve time  API latency  delay'],
  [/\b\d+(\.\d+)? tasks\/[sh]\b/g, '<rate>'],
  [/Node\.js \d+\.\d+\.\d+ on \w+/g, 'Node.js <version> on <system>'],
  [/(can be created|is writable), on \w+/g, '$1, on <file-system>'],
  [/[\d.,]+ \w+ free, [\d,]+ files/g, '<bytes> free, <count> files'],
];

/** Places of the test's own machine. */
function places(home: string): readonly Rule[] {
  return [
    [new RegExp(escaped(home), 'g'), '<home>'],
    [new RegExp(escaped(root), 'g'), '<root>'],
    // The shared state of a host stands under its boot and its name spaces.
    [/\b[0-9a-f]{16}-[0-9a-f]+-\d+\b/g, '<host-log>'],
    [/\/captcha-[A-Za-z0-9]{6}\b/g, '/captcha-<temporary>'],
  ];
}

/**
 * Text in which placeholders stand for what differs from run to run: times, ids, ports, durations, paths, tokens and seals.
 * Types and shapes stay visible.
 */
export function normalise(text: string, home: string): string {
  const rules = [...places(home), ...volatile];
  return rules.reduce((rest, [pattern, placeholder]) => rest.replace(pattern, placeholder), text);
}

/** The same for text that has no volatile values but paths: what a seed, a configuration or the program alone decides. */
export function withoutPlaces(text: string, home: string): string {
  return places(home).reduce((rest, [pattern, placeholder]) => rest.replace(pattern, placeholder), text);
}

/** Values in tables without a unit or a name next to them; at this point two spaces separate columns. */
const tableCells: readonly Rule[] = [
  [/(?<=^<time> {2}[a-z]+ {2})\d+(?= {2})/gm, '<pid>'],
  [/(?<=(healthy|degraded|idle) {2})\d+(?= {2})/g, '<ms>'],
  [/(?<= {2})(now|<duration>)(?= {2}| *$)/gm, '<age>'],
];

/** A table whose columns are as wide as its values, without that width and without measured cells. */
export function withoutWidths(text: string): string {
  const narrow = text.replace(/(?<=\S) {2,}/g, '  ').replace(/─{2,}/g, '──');
  return tableCells.reduce((rest, [pattern, placeholder]) => rest.replace(pattern, placeholder), narrow);
}

/** CSV with placeholders in its columns of milliseconds, everything else as it stands there. */
export function withoutMeasuredCells(csv: string): string {
  const rows = csv.match(/(?:"(?:[^"]|"")*"|[^"\n])*\n/g) ?? [];
  const cells = rows.map((row) => row.match(/(?:"(?:[^"]|"")*"|[^",])*(?:,|\n|$)/g) ?? []);
  const header = cells.find((row) => row.some((cell) => /_ms\W*$/.test(cell))) ?? [];
  const isMeasured = (column: number): boolean => /_ms\W*$/.test(header[column] ?? '');
  const masked = cells.map((row) =>
    row.map((cell, column) => (isMeasured(column) ? cell.replace(/\d+/, '<ms>') : cell)),
  );
  return masked.flat().join('');
}
