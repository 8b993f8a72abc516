import { describe, expect, it } from 'vitest';
import { taskRules } from '../../../src/cli/checked-task.ts';
import { ColumnUses } from '../../../src/cli/input-columns.ts';
import { parseRow, type RowRules } from '../../../src/commands/batch/input.ts';
import { aConfig } from '../../cli/support/a-config.ts';
import { imageText } from '../../support/an-image.ts';

const image = imageText();

const tasks = taskRules(
  aConfig({
    regions: [{ name: 'eu', health: 'https://eu.example.com/health', params: { proxytype: 'HTTP' } }],
    policy: { deny: ['*.forbidden.com'] },
  }),
);
const good = { method: 'turnstile', sitekey: '0x4', pageurl: 'https://example.com' };

function parsed(values: Record<string, string>, rules: Partial<RowRules> = {}) {
  const readImage = async (path: string) =>
    path === 'a.png' ? { value: image } : { error: { reason: 'cannot be read', fix: 'Name another.' } };
  const uses = new ColumnUses({ keep: [], send: [] });
  const usual: RowRules = { tasks, region: null, method: null, uses, readImage, isNewId: () => true };
  return parseRow({ type: 'row', row: 3, line: 4, key: 'k', values }, { ...usual, ...rules });
}

describe('a record as a task', () => {
  it('is named by its number, and has all its columns', async () => {
    expect(await parsed(good)).toMatchObject({ key: 'k', priority: 0, values: good, task: { taskId: '3', ...good } });
  });

  it.each([
    ['its own', { ...good, region: 'eu' }, null, 'eu'],
    ['that of the flag, where it names none', good, 'eu', 'eu'],
    ['that of its page, where nobody names one', { ...good, pageurl: 'https://example.de' }, null, 'eu'],
    ['none, where no rule matches', good, null, null],
  ])('has %s as its region', async (_which, values, region, expected) => {
    const located = taskRules(aConfig({ regions: [{ name: 'eu', location: [50, 8] }] }));
    expect(await parsed(values, { tasks: located, region })).toMatchObject({ task: { region: expected } });
  });

  it('has the images of the columns file.NAME', async () => {
    const values = { method: 'bounding_box', file: 'a.png', 'file.imginstructions': 'a.png' };
    const task = { body: image, params: { imginstructions: image } };
    expect(await parsed(values)).toMatchObject({ task, values });
    const onlyFurther = { method: 'temuimage', body: image, 'FILE.part1': 'a.png', part2: image, part3: image };
    expect(await parsed(onlyFurther)).toMatchObject({ task: { params: { part1: image, part2: image } } });
  });

  it('is refused for a further image that cannot be read', async () => {
    const values = { method: 'bounding_box', file: 'a.png', 'file.imginstructions': 'b.png' };
    expect(await parsed(values)).toMatchObject({
      type: 'bad',
      column: 'file.imginstructions',
      reason: 'cannot be read',
    });
  });

  it('has 1 and 0 for JSON booleans only', async () => {
    const values = { ...good, invisible: 'true', enterprise: 'false', phrase: 'true', _seen: 'true' };
    const row = {
      type: 'row',
      row: 3,
      line: 4,
      key: 'k',
      values,
      literals: ['invisible', 'enterprise', '_seen'],
    } as const;
    const readImage = async () => ({ value: image });
    const uses = new ColumnUses({ keep: [], send: [] });
    const rules = { tasks, region: null, method: null, uses, readImage, isNewId: () => true };
    const params = { invisible: '1', enterprise: '0', phrase: 'true' };
    expect(await parseRow(row, rules)).toMatchObject({ values, task: { params } });
  });

  it.each([
    ['task_id names it', { ...good, task_id: 'a' }, { task: { taskId: 'a' } }],
    ['a documented parameter is sent', { ...good, data: 'x' }, { task: { params: { data: 'x' } } }],
    ['any other column is carried', { ...good, Kunde: 'x', id: '5' }, { task: { params: {} } }],
    ['a column of another spelling is the same one', { ...good, Priority: '2', 'Task ID': 'a' }, { priority: 2 }],
    ['an empty one is none', { ...good, data: '' }, { task: { params: {} } }],
    ['a column with an underscore is carried', { ...good, _note: 'x' }, { task: { params: {} } }],
    [
      'a reserved column is carried',
      { ...good, status: 'solved', code: 'x', expired: 'true' },
      { task: { params: {} } },
    ],
    ['param.NAME is a parameter of that name', { ...good, 'param.code': 'x' }, { task: { params: { code: 'x' } } }],
    [
      'page_action is the action of the page',
      { ...good, page_action: 'login' },
      { task: { params: { action: 'login' } } },
    ],
    [
      'a region gives its parameters',
      { ...good, region: 'eu' },
      { task: { region: 'eu', params: { proxytype: 'HTTP' } } },
    ],
    ['a priority is a number', { ...good, priority: '-1.5' }, { priority: -1.5 }],
    ['a file is an image', { file: 'a.png' }, { task: { method: 'base64', body: image } }],
    ['a body is an image', { body: image }, { task: { method: 'base64', body: image } }],
  ])('%s', async (_sentence, values, item) => {
    expect(await parsed(values as unknown as Record<string, string>)).toMatchObject(item);
  });

  it('does not send --keep columns, and sends --send columns', async () => {
    const uses = new ColumnUses({ keep: ['data'], send: ['Kunde'] });
    const item = await parsed({ ...good, Kunde: 'Meier', data: 'x' }, { uses });
    expect(item).toEqual(expect.objectContaining({ values: { ...good, Kunde: 'Meier', data: 'x' } }));
    expect((item as { task: object }).task).toMatchObject({ params: { Kunde: 'Meier' } });
  });

  it('has the method of the flag if it names none', async () => {
    const { sitekey, pageurl } = good;
    expect(await parsed({ sitekey, pageurl }, { method: 'turnstile' })).toMatchObject({
      task: { method: 'turnstile' },
    });
  });

  it.each([
    ['no method', { sitekey: 'x' }, 'method', 'nothing to solve'],
    ['a missing site key', { method: 'turnstile', pageurl: 'https://example.com' }, 'sitekey', 'needs'],
    ['an unknown region', { ...good, region: 'us' }, 'region', 'unknown region'],
    ['a priority that is no number', { ...good, priority: 'high' }, 'priority', 'not a number'],
    ['a file that cannot be read', { file: 'b.png' }, 'file', 'cannot be read'],
    ['a page that the policy denies', { ...good, pageurl: 'https://a.forbidden.com' }, 'pageurl', 'denied'],
    ['a parameter that captcha sets itself', { ...good, Action: '5' }, 'Action', 'set by captcha itself'],
    ['one with a prefix, too', { ...good, 'param.id': '5' }, 'param.id', 'set by captcha itself'],
    ['a proxy as others write it', { ...good, proxyAddress: '1.2.3.4' }, 'proxyAddress', 'from another address'],
    ['a name that is not what it seems', { ...good, 'proxy\u200b': 'a:1' }, String.raw`"proxy\u200b"`, 'invisible'],
    [
      'two values for one column',
      { ...good, page_url: 'https://b.example' },
      'page_url',
      'another column is also read as pageurl',
    ],
  ])('is refused for %s', async (_sentence, values, column, reason) => {
    const bad = await parsed(values);
    expect(bad).toMatchObject({
      type: 'bad',
      row: 3,
      line: 4,
      column,
      reason: expect.stringContaining(reason) as string,
    });
  });

  it('is refused with a hint how to keep a column that must not be sent', async () => {
    expect(await parsed({ ...good, key: '5' })).toMatchObject({ fix: expect.stringContaining('--keep key') as string });
  });

  it('is refused for a duplicate id', async () => {
    expect(await parsed({ ...good, task_id: 'a' }, { isNewId: () => false })).toMatchObject({ column: 'task_id' });
  });
});
