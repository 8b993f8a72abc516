import { describe, expect, it } from 'vitest';
import type { Style } from '../../../src/cli/terminal.ts';
import { renderPrometheus } from '../../../src/commands/health/prometheus.ts';
import { renderScreen } from '../../../src/commands/health/screen.ts';
import { healthDocument, renderHealth } from '../../../src/commands/health/view.ts';
import { aFrame, aHealth, anUnhealthy, now, spread } from '../../cli/regions/frames.ts';

const noStyle = (_: Style, text: string): string => text;
const pipe = { columns: null, style: noStyle, now };
const screen = { columns: 80, style: noStyle, now };
const ill = aFrame([anUnhealthy('eu', { latencyMs: null }), aHealth('us'), aHealth('ap')], { failover: [spread] });
const linesOf = (text: string): string[] => text.trimEnd().split('\n');
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => aHealth(`production-workers-region-${index}`));

describe('captcha health', () => {
  it('prints two tables and the line of the API into a pipe', () => {
    expect(linesOf(renderHealth(ill, pipe))).toEqual([
      'region  status     ms  workers  queue  since  error',
      'eu      unhealthy  -   -        -      4m     HTTP 503',
      'us      healthy    20  4        7      4m',
      'ap      healthy    20  4        7      4m',
      '',
      'region  target            reason',
      'eu      us 60 %, ap 40 %  by free capacity',
      'api: reachable, 45 ms',
    ]);
  });

  it('breaks no word at the end of a screen of 80 columns', () => {
    const note = 'neither the regions nor the CaptchaAI API can be reached: probably a network problem of this machine';
    const error = 'connection refused; its queue cannot be read either: redis://127.0.0.1:9/0: ECONNREFUSED';
    const regions = [{ ...aHealth('us'), status: 'unhealthy' as const, error }];
    const lines = linesOf(renderHealth(aFrame(regions, { note }), screen));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join(' ')).toContain(`note: ${note}`);
  });

  it('shows that nothing is redirected, why the API is unreachable, and the probable cause', () => {
    const api = { reachable: false, latencyMs: null, error: 'timed out after 5s' };
    const lines = linesOf(renderHealth(aFrame([aHealth('us')], { api, note: 'is it us?' }), pipe));
    expect(lines.slice(-3)).toEqual([
      'failover: nothing to redirect',
      'api: not reachable (timed out after 5s)',
      'note: is it us?',
    ]);
  });

  it.each([1, 3, 50])('fits 80 columns with %d regions, long errors and long names included', (count) => {
    const error = 'TLS: the port does not use TLS (plain HTTP?)';
    const regions = many(count).map((health, index) => ({
      ...health,
      status: 'unhealthy' as const,
      error: index % 2 ? null : error,
    }));
    const lines = linesOf(renderHealth(aFrame(regions), screen));
    expect(lines.filter((line) => /^[┌├│└]/.test(line) && line.length > 80)).toEqual([]);
    for (const { region } of regions) expect(lines.some((line) => line.includes(region))).toBe(true);
    expect(lines.join(' ').replace(/[│ ]+/g, ' ')).toContain('plain HTTP');
  });

  it.each([60, 80])('keeps long names whole on a screen of %d columns', (columns) => {
    const names = [`${'x'.repeat(40)}-us-east-1`, `${'x'.repeat(40)}-eu-west-1`];
    const table = renderHealth(aFrame(names.map((name) => aHealth(name))), { ...screen, columns });
    for (const name of names) expect(table).toMatch(new RegExp(`(^| )${name}`, 'm'));
  });

  it('colours the status, in the same table as without colours', () => {
    const style = (name: Style, text: string): string => `\u001b[${name === 'red' ? 31 : 32}m${text}\u001b[39m`;
    const coloured = renderHealth(ill, { ...screen, style });
    expect(coloured).toContain('\u001b[31munhealthy\u001b[39m');
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderHealth(ill, screen));
  });

  it('never prints a control character', () => {
    const bad = '\u001b[31m\u0007\u009b\u202e';
    const frame = aFrame([aHealth(`eu${bad}`, { status: 'unhealthy', error: `HTTP${bad}${'x'.repeat(90)}` })]);
    for (const look of [pipe, screen]) expect(renderHealth(frame, look)).not.toMatch(/[\u001b\u0007\u009b\u202e]/);
  });

  it('prints a document', () => {
    expect(healthDocument(aFrame([aHealth('us')], { failover: [spread] }))).toEqual({
      regions: [
        {
          region: 'us',
          status: 'healthy',
          latencyMs: 20,
          activeWorkers: 4,
          queueDepth: 7,
          since: '2026-01-02T02:59:55.000Z',
          error: null,
        },
      ],
      failover: [spread],
      api: { reachable: true, latencyMs: 45, error: null },
      note: null,
    });
  });
});

describe('the screen of --watch', () => {
  const look = { ...screen, rows: 24, title: 'watching', changes: [] };

  it.each([1, 3, 50, 200])('is never higher than the terminal, with %d regions', (count) => {
    const changes = Array.from({ length: 30 }, (_, index) => `change ${index} ${'word '.repeat(30)}end`);
    const lines = renderScreen(aFrame(many(count)), { ...look, changes });
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.at(-1)).toMatch(/end$/);
  });

  it('omits healthy regions, and counts them', () => {
    const regions = [...many(50), anUnhealthy('eu')];
    const lines = renderScreen(aFrame(regions, { failover: [spread] }), look);
    expect(lines.join('\n')).toMatch(/│ eu +│ unhealthy/);
    expect(lines.at(-1)).toMatch(/^\.\.\. and \d+ more regions \(all serving\)$/);
  });

  it('shows all of them if there is room', () => {
    const lines = renderScreen(aFrame(many(5)), look);
    expect(lines.filter((line) => line.includes('production-workers'))).toHaveLength(5);
  });
});

describe('the screen of --watch with little room', () => {
  const low = { columns: 40, rows: 12, style: noStyle, now, title: `captcha health, ${'x'.repeat(40)}`, changes: [] };
  const regions = [aHealth('us-east-1'), aHealth('ap-southeast-1'), anUnhealthy('eu-west-1'), anUnhealthy('sa-east-1')];
  const changes = ['03:04:05Z eu-west-1: degraded -> unhealthy (HTTP 503); its tasks go to us-east-1 100 %'];

  it.each([[[]], [changes]])('shows the title and the regions that do not serve, with the changes %j', (news) => {
    const lines = renderScreen(aFrame(regions, { failover: [spread] }), { ...low, changes: news });
    expect(lines[0]).toMatch(/^captcha health/);
    for (const name of ['eu-west-1', 'sa-east-1']) {
      expect(lines.some((line) => new RegExp(`^${name} +unhealthy`).test(line))).toBe(true);
    }
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines.filter((line) => line.length > 40)).toEqual([]);
  });

  it('counts the regions that it has no room for', () => {
    const lines = renderScreen(aFrame([...many(20), anUnhealthy('eu-west-1')]), { ...low, rows: 8, changes });
    expect(lines.join(' ')).toMatch(/eu-west-1.* unhealthy/);
    expect(lines.join(' ')).toMatch(/\.\.\. and \d+ more regions \(all serving\)/);
    expect(lines.length).toBeLessThanOrEqual(7);
  });

  it.each([1, 2, 5, 30])('starts every change of %d with its time, for any number of lines', (count) => {
    const recordUpdate = Array.from(
      { length: count },
      (_, index) => `03:04:05Z change ${index} ${'word '.repeat(30)}end`,
    );
    const lines = renderScreen(aFrame(regions), { ...low, columns: 80, rows: 24, changes: recordUpdate });
    const news = lines.slice(lines.lastIndexOf('') + 1);
    expect(news[0]).toMatch(/^03:04:05Z change/);
    expect(news.at(-1)).toMatch(/end$/);
  });
});

describe('captcha health --prometheus', () => {
  const text = renderPrometheus(ill, []);

  it.each([
    'captcha_region_up{region="eu"} 0',
    'captcha_region_up{region="us"} 1',
    'captcha_region_status{region="eu",status="unhealthy"} 1',
    'captcha_region_status{region="eu",status="healthy"} 0',
    'captcha_region_latency_seconds{region="us"} 0.0204',
    'captcha_region_queue_depth{region="us"} 7',
    'captcha_region_active_workers{region="us"} 4',
    'captcha_failover_share{from="eu",to="us"} 0.6',
    'captcha_failover_held{region="eu"} 0',
    'captcha_api_reachable 1',
  ])('says %s', (line) => {
    expect(linesOf(text)).toContain(line);
  });

  it('has no sample for unknown values', () => {
    expect(text).not.toContain('captcha_region_queue_depth{region="eu"}');
    const unknown = renderPrometheus(aFrame([aHealth('x', { status: 'unknown' })]), []);
    expect(unknown).not.toContain('captcha_region_up{');
    expect(unknown).toContain('captcha_region_status{region="x",status="unknown"} 1');
  });

  it('describes every metric once, before its samples', () => {
    for (const name of new Set([...text.matchAll(/^(captcha_\w+)/gm)].map(([, each]) => each!))) {
      const at = (pattern: string): number[] =>
        linesOf(text).flatMap((line, index) => (line.startsWith(pattern) ? [index] : []));
      expect(at(`# HELP ${name} `)).toHaveLength(1);
      expect(at(`# TYPE ${name} gauge`)).toEqual([at(`# HELP ${name} `)[0]! + 1]);
      expect(at(name)[0]).toBe(at(`# TYPE ${name} `)[0]! + 1);
    }
  });

  it('escapes labels', () => {
    expect(renderPrometheus(aFrame([aHealth('a"b\\c\nd')]), [])).toContain('{region="a\\"b\\\\c\\nd"} 1');
  });
});
