import { describe, expect, it } from 'vitest';
import { type ColumnChoices, ColumnUses, isPlain, suggestColumn, planColumns } from '../../src/cli/input-columns.ts';

const none: ColumnChoices = { keep: [], send: [] };
const use = (column: string, choices: Partial<ColumnChoices> = {}) =>
  new ColumnUses({ ...none, ...choices }).of(column);
const plan = (...columns: string[]) => planColumns(columns, new ColumnUses(none));

describe('a column of an input', () => {
  it.each([
    ['sitekey', 'task', 'sitekey'],
    ['Site Key', 'task', 'sitekey'],
    ['page_url', 'task', 'pageurl'],
    ['PAGE-URL', 'task', 'pageurl'],
    ['pageAction', 'task', 'page_action'],
    ['Task ID', 'task', 'task_id'],
    ['Region', 'task', 'region'],
    ['Priority', 'task', 'priority'],
    ['proxy', 'parameter', 'proxy'],
    ['proxyType', 'parameter', 'proxytype'],
    ['min_score', 'parameter', 'min_score'],
    ['minScore', 'parameter', 'min_score'],
    ['data-s', 'parameter', 'data-s'],
    ['userAgent', 'parameter', 'userAgent'],
    ['useragent', 'parameter', 'useragent'],
    ['User Agent', 'parameter', 'userAgent'],
    ['googlekey', 'parameter', 'googlekey'],
    ['div_id', 'parameter', 'div_id'],
    ['param.Kunde', 'parameter', 'Kunde'],
    ['param.code', 'parameter', 'code'],
    ['file.imginstructions', 'image', 'imginstructions'],
    ['File.part1', 'image', 'part1'],
  ])('%s is a %s: %s', (column, what, name) => {
    expect(use(column)).toEqual({ do: what, name });
  });

  it.each([
    'Kunde',
    'Notizen',
    'id',
    'websiteURL',
    'constructor',
    '__proto__',
    '_proxy',
    'code',
    'Captcha ID',
    'status',
  ])('%s is carried', (column) => {
    expect(use(column)).toEqual({ do: 'carry' });
  });

  it.each([
    ['proxyAddress', 'another address'],
    ['proxyPort', 'another address'],
    ['Proxy Login', 'another address'],
    ['http_proxy', 'another address'],
    ['proxy\u200b', 'invisible'],
    ['\u202eproxy', 'invisible'],
    ['Kunde\u00ad', 'invisible'],
    ['action', 'set by captcha itself'],
    ['KEY', 'set by captcha itself'],
    ['param.id', 'set by captcha itself'],
    ['param.', 'is missing'],
    ['file.', 'is missing'],
    ['file.key', 'set by captcha itself'],
  ])('%j is refused', (column, reason) => {
    expect(use(column)).toMatchObject({ do: 'refuse', reason: expect.stringContaining(reason) as string });
    expect(use(column, { keep: [column] })).toEqual({ do: 'carry' });
  });

  it.each(['❤️ Notiz', 'می‌خواهم'])('%s is an ordinary name', (column) => {
    expect(use(column)).toEqual({ do: 'carry' });
  });

  it('is sent under its own name with --send, unless the result has that name', () => {
    expect(use('Kunde', { send: ['Kunde'] })).toEqual({ do: 'parameter', name: 'Kunde' });
    expect(use('code', { send: ['code'] })).toMatchObject({ do: 'refuse' });
    expect(use('id', { send: ['id'] })).toMatchObject({ do: 'refuse' });
  });

  it('is refused if another one means the same, and the other spelling should be dropped', () => {
    const columns = ['page_url', 'method', 'pageurl', 'Kunde', 'param.proxy', 'proxy', 'file.x', 'param.x'];
    const faults = new ColumnUses(none).check(columns);
    expect(faults).toMatchObject([
      { column: 'page_url', reason: 'the column pageurl is also read as pageurl' },
      { column: 'param.proxy', reason: 'the column proxy is also read as proxy' },
      { column: 'param.x', reason: 'the column file.x is also read as x' },
    ]);
  });
});

describe('the message about the columns', () => {
  it('is empty if all of them are known', () => {
    expect(isPlain(plan('task_id', 'method', 'pageurl', 'status'))).toBe(true);
    expect(isPlain(plan('method', 'page_url'))).toBe(false);
    expect(isPlain(plan('method', 'message'))).toBe(false);
    expect(isPlain(plan('method', 'Kunde'))).toBe(false);
    expect(isPlain(plan('method', 'proxy'))).toBe(false);
  });

  it.each([
    ['websiteURL', 'pageurl'],
    ['Website Key', 'sitekey'],
    ['sitekye', 'sitekey'],
    ['isInvisible', 'invisible'],
    ['min_scroe', 'min_score'],
    ['Kunde', null],
    ['Notizen', null],
    ['name', null],
  ])('suggests for %s the name %s', (column, meant) => {
    expect(suggestColumn(column, plan('method', column))).toBe(meant);
  });

  it('suggests no name that the input already has', () => {
    expect(suggestColumn('websiteURL', plan('method', 'page_url', 'websiteURL'))).toBeNull();
  });

  it('appears once for a column of a later record', () => {
    const uses = new ColumnUses({ keep: ['a'], send: [] });
    planColumns(['method'], uses);
    const told: string[] = [];
    uses.onLater = (column, isUnknown) => told.push(`${column} ${isUnknown}`);
    for (let row = 0; row < 3; row++) uses.read({ method: 'm', note: 'x', a: '1', _b: '1', proxy: 'p', empty: '' });
    expect(told).toEqual(['note true', 'a false', '_b false', 'proxy false']);
  });
});
