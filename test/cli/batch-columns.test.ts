import { describe, expect, it } from 'vitest';
import { type ColumnChoices, ColumnUses, isPlain, meantBy, planOf } from '../../src/cli/result-row.ts';

const none: ColumnChoices = { keep: [], send: [] };
const use = (column: string, choices: Partial<ColumnChoices> = {}) =>
  new ColumnUses({ ...none, ...choices }).of(column);
const plan = (...columns: string[]) => planOf(columns, new ColumnUses(none));

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
  ])('%j is refused', (column, reason) => {
    expect(use(column)).toMatchObject({ do: 'refuse', reason: expect.stringContaining(reason) as string });
    expect(use(column, { keep: [column] })).toEqual({ do: 'carry' });
  });

  it.each(['❤️ Notiz', 'می‌خواهم'])('%s is a name as others', (column) => {
    expect(use(column)).toEqual({ do: 'carry' });
  });

  it('is sent under its own name where --send says so, unless the result has that name', () => {
    expect(use('Kunde', { send: ['Kunde'] })).toEqual({ do: 'parameter', name: 'Kunde' });
    expect(use('code', { send: ['code'] })).toMatchObject({ do: 'refuse' });
    expect(use('id', { send: ['id'] })).toMatchObject({ do: 'refuse' });
  });

  it('is refused where another one stands for the same, and the one of another spelling is to be given up', () => {
    const faults = new ColumnUses(none).faultsOf(['page_url', 'method', 'pageurl', 'Kunde', 'param.proxy', 'proxy']);
    expect(faults).toMatchObject([
      { column: 'page_url', reason: 'the column pageurl is also read as pageurl' },
      { column: 'param.proxy', reason: 'the column proxy is taken for proxy, too' },
    ]);
  });
});

describe('what is said of the columns', () => {
  it('is nothing where all of them are ours', () => {
    expect(isPlain(plan('task_id', 'method', 'pageurl', 'status'))).toBe(true);
    expect(isPlain(plan('method', 'page_url'))).toBe(false);
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
  ])('%s was perhaps meant for %s', (column, meant) => {
    expect(meantBy(column, plan('method', column))).toBe(meant);
  });

  it('is no guess at what the input has already', () => {
    expect(meantBy('websiteURL', plan('method', 'page_url', 'websiteURL'))).toBeNull();
  });

  it('is told once of a column that a later record brings', () => {
    const uses = new ColumnUses({ keep: ['a'], send: [] });
    planOf(['method'], uses);
    const told: string[] = [];
    uses.onUnknown = (column) => told.push(column);
    for (let row = 0; row < 3; row++) uses.read({ method: 'm', note: 'x', a: '1', _b: '1', proxy: 'p', empty: '' });
    expect(told).toEqual(['note']);
  });
});
