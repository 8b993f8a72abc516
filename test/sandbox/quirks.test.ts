import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { register } from '../../src/commands/sandbox/command.ts';
import { namedModes } from '../../src/sandbox/fault-modes.ts';
import { type Quirk, quirkNames } from '../../src/sandbox/quirks.ts';
import { latencyMs, recaptcha, runSandbox, turnstile } from './running-sandbox.ts';

const page = 'https://example.com/';
const solutions = {
  enterprise: { ...recaptcha, enterprise: '1' },
  geetest: { method: 'geetest', gt: 'g', challenge: 'c', pageurl: page },
};

type Run = Awaited<ReturnType<typeof runSandbox>>;

async function solution({ json, submit, clock }: Run, fields: Record<string, string>) {
  const id = await submit(fields);
  clock.advance(latencyMs);
  return json('/res.php', { action: 'get', id });
}

/** What shows each quirk: a value without it, and with it. The pingbacks have tests of their own. */
const effects: Readonly<
  Partial<Record<Quirk, readonly [(run: Run) => Promise<unknown>, without: unknown, with_: unknown]>>
> = {
  'numeric-ids': [async ({ json }) => typeof (await json('/in.php', recaptcha))['request'], 'string', 'number'],
  'only-result': [async (run) => 'request' in (await solution(run, solutions.enterprise)), true, false],
  'bare-geetest': [async (run) => 'status' in (await solution(run, solutions.geetest)), true, false],
  'object-geetest': [async (run) => typeof (await solution(run, solutions.geetest))['request'], 'string', 'object'],
  'no-hcaptcha': [async ({ json }) => (await json('/in.php', { ...turnstile, method: 'hcaptcha' }))['status'], 1, 0],
  'any-proxytype': [
    async ({ json }) => (await json('/in.php', { ...turnstile, proxy: 'h:1', proxytype: 'http' }))['status'],
    0,
    1,
  ],
  'no-threadsinfo': [async ({ json }) => (await json('/res.php', { action: 'threadsinfo' }))['status'], 1, 0],
  'zero-balance-when-full': [
    async ({ json }) => (await json('/in.php', turnstile), await json('/in.php', turnstile))['request'],
    'ERROR_NO_SLOT_AVAILABLE',
    'ERROR_ZERO_BALANCE',
  ],
  'error-text': [
    async ({ json }) => (await json('/in.php', { ...turnstile, pageurl: '' }))['error_text'],
    undefined,
    'The sandbox refused the request: pageurl.',
  ],
  'self-signed': [
    async ({ sandbox }) =>
      fetch(sandbox.url).then(
        ({ status }) => status,
        (error: unknown) => ((error as Error).cause as NodeJS.ErrnoException).code,
      ),
    404,
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  'block-rules': [
    async ({ json }) => {
      for (let count = 0; count < 5; count += 1) await json('/in.php', { key: '' });
      return (await json('/in.php', turnstile))['request'] === 'IP_BANNED';
    },
    false,
    true,
  ],
};

describe.each(Object.entries(effects))('the quirk %s', (name, [observe, without, with_]) => {
  it('changes what it says and is off by default', async () => {
    expect(await observe(await runSandbox({ threads: 1 }))).toEqual(without);
    expect(await observe(await runSandbox({ threads: 1, quirks: [name as Quirk] }))).toEqual(with_);
  });
});

describe('every quirk and every fault mode', () => {
  let help = '';
  const command = new Command('sandbox').configureOutput({ writeOut: (text) => (help += text) });
  register(command, () => Promise.resolve());
  command.outputHelp();
  const docs = readFileSync(join(import.meta.dirname, '../../docs/sandbox.md'), 'utf8');

  it.each([...quirkNames, ...namedModes])('is in the help and in docs/sandbox.md: %s', (name) => {
    expect(help).toMatch(new RegExp(`^ {2}${name}( |$)`, 'm'));
    expect(docs).toContain(`\`${name}\``);
  });

  it('has a test', () => {
    const tested = [...Object.keys(effects), 'pingback-drop', 'pingback-twice'];
    expect(quirkNames.filter((name) => !tested.includes(name))).toEqual([]);
  });
});

describe('the account', () => {
  it.each([
    ['1.0E-5', '1.0E-5', 1],
    ['0.00040', '0.00040', 1],
    ['0', '0', 0],
    [12.3456, '12.346', 1],
  ])('with the balance %s answers %s', async (balance, answered, accepts) => {
    const { json } = await runSandbox({ balance });
    expect(await json('/res.php', { action: 'getbalance' })).toEqual({ status: 1, request: answered });
    expect((await json('/in.php', turnstile))['status']).toBe(accepts);
  });
});

describe('the administration of pingbacks', () => {
  it('adds, lists and removes addresses', async () => {
    const { post, json } = await runSandbox();
    const act = (action: string, addr = '') => post('/res.php', { key: 'k', action, addr });
    expect(await act('get_pingback')).toBe('OK|');
    expect(await act('add_pingback', 'http://a.example/')).toBe('OK');
    expect(await act('add_pingback', 'http://b.example/')).toBe('OK');
    expect(await act('add_pingback', 'nonsense')).toBe('ERROR_BAD_PARAMETERS');
    expect(await act('get_pingback')).toBe('OK|http://a.example/|http://b.example/');
    expect(await act('del_pingback', 'http://a.example/')).toBe('OK');
    expect(await json('/res.php', { action: 'get_pingback' })).toEqual({ status: 1, request: 'http://b.example/' });
    expect(await act('del_pingback', 'all')).toBe('OK');
    expect(await act('get_pingback')).toBe('OK|');
  });
});

describe('getstats', () => {
  it('answers XML with the number of accepted tasks', async () => {
    const { sandbox, submit, post } = await runSandbox();
    await submit();
    const response = await fetch(`${sandbox.url}/res.php?key=k&action=getstats&date=2026-11-28&json=1`);
    expect(response.headers.get('content-type')).toBe('text/xml; charset=UTF-8');
    expect(await response.text()).toContain('<stats date="2026-11-28"><volume>1</volume>');
    expect(await post('/res.php', { key: 'k', action: 'getstats' })).toBe('ERROR_BAD_PARAMETERS');
  });
});

describe('a large image in the query', () => {
  it('is accepted', async () => {
    const { sandbox } = await runSandbox();
    const body = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(60_000)]).toString('base64');
    const query = new URLSearchParams({ key: 'k', method: 'base64', recaptcha: '1', body });
    const response = await fetch(`${sandbox.url}/in.php?${query.toString()}`);
    expect(await response.text()).toMatch(/^OK\|/);
  });
});
