import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { jsonLines } from '../../../src/commands/route/formats.ts';
import { RouteStats } from '../../../src/commands/route/route-row.ts';
import { routeRow, routeUrls, type Routing } from '../../../src/commands/route/route-urls.ts';
import type { RegionRouter } from '../../../src/core/routing/route-decision.ts';
import type { UrlLine } from '../../../src/ports/files.ts';
import { aTerminal, type TerminalParts } from '../../cli/support/a-terminal.ts';
import { aRow, badDecision } from './route-rows.ts';

/** A text with a dot is a page; its region is named like its first letter. */
const router: RegionRouter = {
  route: (text) => {
    if (!text.includes('.')) return aRow({ decision: { ...badDecision, error: `no URL: ${text}` } }).decision;
    return aRow({ decision: { host: text, region: text.charAt(0) === '-' ? null : text.charAt(0) } }).decision;
  },
  explain: () => [{ rule: 'default', region: 'a', matches: true, reason: 'it is the default' }],
  unreachable: [],
};
const usual: Routing = { router, queues: new Map([['a', 'sqs://a']]), plan: null, explain: false };
const line = (text: string, number = 1, fault: string | null = null): UrlLine => ({ line: number, text, fault });

async function routed(
  batches: readonly (readonly UrlLine[])[],
  { mayBeCsv = false, ...parts }: TerminalParts & { readonly mayBeCsv?: boolean } = {},
) {
  const streams = aTerminal(parts);
  const stats = new RouteStats();
  let read = 0;
  async function* take() {
    for (const batch of batches) {
      read += 1;
      yield batch;
    }
  }
  const text = jsonLines();
  const sinks = {
    terminal: streams.terminal,
    stats,
    text,
    clock: new VirtualClock(),
    place: 'line',
    mayBeCsv,
  } as const;
  const failure = await routeUrls({ batches: take(), close: async () => undefined }, usual, sinks).then(
    () => null,
    (error: unknown) => error,
  );
  return { out: streams.stdout.text, err: streams.stderr.text, stats, failure, read };
}

describe('the row of a URL', () => {
  it('has the decision and the queue of its region', () => {
    expect(routeRow(line('a.b'), usual)).toMatchObject({ url: 'a.b', decision: { region: 'a' }, queue: 'sqs://a' });
    expect(routeRow(line('b.c'), usual)).toMatchObject({ decision: { region: 'b' }, queue: null });
    expect(routeRow(line('-.c'), usual)).toMatchObject({ decision: { region: null, error: null }, queue: null });
  });

  it('contains no password, valid or invalid', () => {
    expect(routeRow(line('https://user:secret@a.b/'), usual).url).toBe('https://user:***@a.b/');
    expect(JSON.stringify(routeRow(line('https://user:secret@bad/'), usual))).not.toContain('secret');
  });

  it('is invalid if the input has no text', () => {
    const row = routeRow(line('', 7, 'the line is too long'), usual);
    expect(row).toMatchObject({ url: '', decision: { region: null, error: 'the line is too long' } });
  });

  it('has the considered rules on request', () => {
    expect(routeRow(line('a.b'), { ...usual, explain: true }).considered).toHaveLength(1);
    expect(routeRow(line('bad'), { ...usual, explain: true }).considered).toEqual([]);
  });

  it('has its current region if health was requested', () => {
    const plan = { moves: [], effective: () => 'b' };
    expect(routeRow(line('a.b'), { ...usual, plan }).present).toEqual({ effective: 'b' });
    expect(routeRow(line('bad'), { ...usual, plan }).present).toEqual({ effective: null });
  });
});

const hint = 'if the input is CSV, add --column NAME';

describe('routing an input', () => {
  it('writes a row for every URL in order, and reports invalid ones by line', async () => {
    const { out, err, stats } = await routed([
      [line('a.b'), line('bad', 4)],
      [line('b.c', 9), line('', 12, 'too long')],
    ]);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((each) => (JSON.parse(each) as { url: string }).url),
    ).toEqual(['a.b', 'bad', 'b.c', '']);
    expect(err).toBe('line 4, "bad": no URL: bad\nline 12: too long\n');
    expect([stats.urls, stats.bad]).toEqual([4, 2]);
  });

  it('reports invalid URLs under --quiet, too', async () => {
    expect((await routed([[line('bad', 4)]], { options: { quiet: true } })).err).toMatch(/^line 4, /);
  });

  it('suggests --column if the first lines look like a CSV, and never else', async () => {
    const lines = [line('id,url'), line('bad', 2), line('1;bad', 3), line('x,y', 900)];
    expect(
      (await routed([lines], { mayBeCsv: true })).err.match(/^line \d+|if the input is CSV, add --column NAME/gm),
    ).toEqual(['line 1', hint, 'line 2', 'line 3', hint, 'line 900']);
    expect((await routed([lines])).err).not.toContain(hint);
  });

  it('writes nothing without URLs', async () => {
    expect(await routed([[], []])).toMatchObject({ out: '', err: '' });
  });

  it('stops reading when its output has no reader', async () => {
    const { failure, read } = await routed([[line('a.b')], [line('a.b')], [line('a.b')]], {
      stdout: { writesBeforeError: 1 },
    });
    expect(failure).toMatchObject({ code: 'EPIPE' });
    expect(read).toBe(2);
  });
});
