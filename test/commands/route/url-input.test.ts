import { describe, expect, it } from 'vitest';
import { type RouteFlags, routeFormat } from '../../../src/commands/route/flags.ts';
import { openUrlInput, type RouteFiles, type UrlRequest } from '../../../src/commands/route/url-input.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

async function* nothing() {}

function opened(flags: Partial<RouteFlags>, hasStdin = true) {
  const requests: UrlRequest[] = [];
  const files: RouteFiles = {
    hasStdin,
    isFile: (text) => text === 'lists/urls',
    openUrls: (request) => {
      requests.push(request);
      return { batches: nothing(), close: async () => undefined };
    },
    csv: () => ({ header: '', render: () => '' }),
  };
  return { ...openUrlInput({ urls: [], ...flags }, files), requests };
}

describe('the input of captcha route', () => {
  it('is its arguments', async () => {
    const { source, place, requests } = opened({ urls: ['a.b', ' ', ' c.d/robots.txt '] });
    const batches = [];
    for await (const batch of source.batches) batches.push(...batch);
    expect(batches).toEqual([
      { line: 1, text: 'a.b', fault: null },
      { line: 2, text: '', fault: 'the argument is empty' },
      { line: 3, text: 'c.d/robots.txt', fault: null },
    ]);
    expect({ place, requests }).toEqual({ place: 'argument', requests: [] });
  });

  const usual = { path: '-', column: null, delimiter: null, encoding: null };
  it.each<[Partial<RouteFlags>, Partial<UrlRequest>]>([
    [{}, {}],
    [{ urls: ['-'] }, {}],
    [{ file: '-' }, {}],
    [{ file: 'urls.txt' }, { path: 'urls.txt' }],
    [{ column: 'url' }, { column: 'url' }],
    [
      { file: 'a.csv', column: 'url', delimiter: ';', encoding: 'utf-16le' },
      { path: 'a.csv', column: 'url', delimiter: ';', encoding: 'utf-16le' },
    ],
  ])('for %j is %j', (flags, request) => {
    expect(opened(flags)).toMatchObject({ place: 'line', requests: [{ ...usual, ...request }] });
  });

  it.each<[Partial<RouteFlags>, boolean, string]>([
    [{}, false, 'no URL given | pass a URL, or a list: --file FILE, or captcha route < FILE'],
    [{ urls: ['a.b'], file: 'x' }, true, 'URL arguments and --file cannot be used together'],
    [
      { urls: ['a.b', 's.csv'] },
      true,
      's.csv is a file, not a URL | to read URLs from it, use --file s.csv --column NAME; for a page of this name, write https://s.csv',
    ],
    [
      { urls: ['lists/urls'] },
      true,
      'lists/urls is a file, not a URL | to read URLs from it, use --file lists/urls; for a page of this name, write https://lists/urls',
    ],
    [{ urls: ['a.b', '-'] }, true, '- reads all URLs from standard input | omit the other URLs'],
    [{ urls: ['a.b'], column: 'url' }, true, '--column needs an input file | add --file FILE'],
    [
      { file: 'a.csv' },
      true,
      '--file a.csv: the column with the URLs is not set | add --column NAME; for a list with one URL per line, use captcha route < FILE',
    ],
    [
      { file: 'a.jsonl', column: 'x' },
      true,
      '--file a.jsonl: JSON Lines input is not supported | jq -r .pageurl a.jsonl | captcha route',
    ],
  ])('cannot be %j (standard input: %j)', async (flags, hasStdin, refusal) => {
    expect(await refusalOf(() => opened(flags, hasStdin))).toBe(refusal);
  });
});

describe('the format', () => {
  it.each([
    [undefined, false, 'table'],
    [undefined, true, 'json'],
    ['jsonl', true, 'jsonl'],
    ['csv', false, 'csv'],
    ['json', false, 'json'],
    ['table', true, 'table'],
  ])('of --format %s with --json %j is %s', (format, json, expected) => {
    expect(routeFormat({ urls: [], ...(format !== undefined && { format }) }, json)).toBe(expected);
  });

  it('is a known one', async () => {
    expect(await refusalOf(() => routeFormat({ urls: [], format: 'xml' }, false))).toBe(
      '--format xml: unknown format | use one of table, csv, jsonl, json',
    );
  });
});
