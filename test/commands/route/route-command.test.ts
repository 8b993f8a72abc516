import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openUrls } from '../../../src/adapters/files/input/url-source.ts';
import { csvFormat } from '../../../src/adapters/files/output/row-format.ts';
import { run } from '../../../src/commands/route/command.ts';
import type { RouteFlags } from '../../../src/commands/route/flags.ts';
import type { RouteFiles } from '../../../src/commands/route/url-input.ts';
import type { RegionProbe } from '../../../src/ports/api.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

const regions = [
  { name: 'us-east-1', queue: 'redis://user:secret@redis:6379/0', health: 'http://127.0.0.1:9/us' },
  { name: 'eu-west-1', health: 'http://127.0.0.1:9/eu' },
];
const routes = { default: 'us-east-1', rules: [{ match: '*.example.de', region: 'eu-west-1' }] };
const usual = { regions, routes };

async function routed(flags: Partial<RouteFlags>, input = '', parts: StageParts = {}) {
  const stage = aStage({ config: usual, ...parts });
  const files: RouteFiles = {
    hasStdin: true,
    isFile: () => false,
    openUrls: (request) => openUrls({ ...request, stdin: Readable.from([Buffer.from(input)]) }),
    csv: (columns) => csvFormat(columns, new Set(columns)),
  };
  const exitCode = await run({ urls: [], ...flags }, { ...stage.context, routeFiles: async () => files });
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text };
}

const linesOf = (out: string): unknown[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

describe('captcha route', () => {
  it('prints the regions of its arguments', async () => {
    const { exitCode, out, err } = await routed({ urls: ['https://shop.example.de/x', 'example.com'] });
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^URL +host +region +rule +queue\n.* eu-west-1 +\*\.example\.de\n.* us-east-1 +default +redis/);
    expect(err).toBe('2 URLs: eu-west-1 1 (50 %), us-east-1 1 (50 %)\n');
  });

  it('routes a list, and exits with 1 if a line is not a URL', async () => {
    const { exitCode, out, err } = await routed({ format: 'jsonl' }, 'a.example.de\n\nhttps://[bad\n');
    expect(exitCode).toBe(1);
    expect(linesOf(out)).toMatchObject([
      { region: 'eu-west-1', error: null },
      { region: null, host: null },
    ]);
    expect(err).toMatch(/^line 3, "https:\/\/\[bad": .*\n/);
    expect(err).toMatch(/1 bad\n$/);
  });

  it('routes a column of a CSV', async () => {
    const { out } = await routed({ column: 'page', format: 'csv' }, 'id;page\n1;a.example.de\n2;b.com\n');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(',')[2]),
    ).toEqual(['region', 'eu-west-1', 'us-east-1']);
  });

  it('prints one document with --json', async () => {
    const { out } = await routed({}, 'a.example.de\nb.com', { globals: { json: true } });
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, routes: [{ url: 'a.example.de' }, { url: 'b.com' }] });
  });

  it.each(['table', 'csv', 'jsonl', 'json'])('shows no password in a %s', async (format) => {
    const { out, err } = await routed({ format, explain: true }, 'http://me:secret@b.com\nhttp://me:secret@[bad\n');
    expect(out).toContain('redis://user:***@redis:6379/0');
    expect(out).toContain('me:***@b.com');
    expect(out + err).not.toContain('secret');
  });

  it('warns when nearly everything goes to one region', async () => {
    const { err } = await routed({}, 'b.com\n'.repeat(20));
    expect(err).toMatch(/^warning: us-east-1 gets 100 % of the URLs/m);
  });

  it('warns about a region without a rule', async () => {
    const config = { regions: [...regions, { name: 'my-dc' }], routes: { ...routes, countries: false } };
    expect((await routed({ urls: ['b.com'] }, '', { config })).err).toMatch(/^warning: no rule.* routes to my-dc/m);
  });

  it('says nothing on stderr under --quiet', async () => {
    expect((await routed({ urls: ['b.com'] }, '', { options: { quiet: true } })).err).toBe('');
  });

  it('lists every considered rule', async () => {
    const { out } = await routed({ urls: ['a.example.de'], explain: true, format: 'jsonl' });
    const [{ considered }] = linesOf(out) as [{ considered: { rule: string }[] }];
    expect(considered.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['*.example.de', 'default']));
  });

  it.each(['', '\n\n# nothing\n'])('refuses the input %j', async (input) => {
    expect(await refusalOf(() => routed({}, input))).toMatch(/^the input contains no URLs/);
  });

  it('is refused without configured regions', async () => {
    expect(await refusalOf(() => routed({ urls: ['b.com'] }, '', { config: {} }))).toBe(
      'no regions are configured | add them under "regions" in captcha.config.json; to try it without: captcha --sandbox route URL',
    );
  });
});

describe('captcha route --health', () => {
  const answer = { status: 'healthy', activeWorkers: 4, queueDepth: 0 };
  const regionProbe: RegionProbe = {
    probeRegion: async (url) =>
      url.endsWith('/eu')
        ? { answered: false, latencyMs: null, error: 'connection refused' }
        : { answered: true, latencyMs: 3, answer },
    probeApi: async () => ({ reachable: true, latencyMs: 3, error: null }),
  };

  it('shows the current region', async () => {
    const { exitCode, out, err } = await routed(
      { urls: ['a.example.de', 'b.com'], health: true, format: 'jsonl' },
      '',
      {
        regionProbe,
      },
    );
    expect(exitCode).toBe(0);
    expect(linesOf(out)).toMatchObject([
      { region: 'eu-west-1', assigned: 'eu-west-1', effective: 'us-east-1' },
      { region: 'us-east-1', assigned: 'us-east-1', effective: 'us-east-1' },
    ]);
    expect(err).toMatch(/^eu-west-1 is unhealthy: connection refused$/m);
    expect(err).toMatch(/^with failover: us-east-1 2 \(100 %\)$/m);
    expect(err).toMatch(/^failover: eu-west-1 -> us-east-1 100 %/m);
  });

  it('holds tasks that a rule binds to its region', async () => {
    const rules = [{ match: '*.example.de', region: 'eu-west-1', residency: 'strict' }];
    const config = { regions, routes: { default: 'us-east-1', rules } };
    const { out, err } = await routed({ urls: ['a.example.de'], health: true }, '', { config, regionProbe });
    expect(out).toMatch(/eu-west-1 +\(held\)/);
    expect(err).toMatch(/^with failover: \(held\) 1 \(100 %\)$/m);
  });

  it('is refused if no region has an endpoint', async () => {
    const config = { regions: [{ name: 'a' }], routes: { default: 'a' } };
    const refusal = await refusalOf(() => routed({ urls: ['b.com'], health: true }, '', { config }));
    expect(refusal).toMatch(/^no region has a health endpoint/);
  });
});
