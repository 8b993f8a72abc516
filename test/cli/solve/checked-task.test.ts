import { describe, expect, it } from 'vitest';
import { checkedTask, type TaskInput } from '../../../src/cli/solve/checked-task.ts';
import { knownMethods } from '../../../src/protocol/methods.ts';
import { aConfig } from '../support/a-config.ts';
import { refusalOf } from '../support/refusal.ts';

/** What a person says about a turnstile task, but for what is special about it. */
function anInput(special: Partial<TaskInput> = {}): TaskInput {
  const page = { method: 'turnstile', sitekey: '0x4', pageurl: 'https://shop.example.com/login' };
  return { taskId: '1', ...page, pageAction: null, body: null, params: {}, region: null, ...special };
}

/** Nothing but a method. */
const bare = (method: string | null): TaskInput => anInput({ method, sitekey: null, pageurl: null });

const refused = (special: Partial<TaskInput>, config: object = {}): Promise<string> =>
  refusalOf(() => checkedTask(anInput(special), aConfig(config)));

const see = 'see captcha solve --help';

describe('a task', () => {
  it('is what was said', () => {
    const task = checkedTask(anInput({ params: { data: 'x' } }), aConfig());
    expect(task).toEqual({
      taskId: '1',
      method: 'turnstile',
      sitekey: '0x4',
      pageurl: 'https://shop.example.com/login',
      body: null,
      params: { data: 'x' },
      region: null,
      rule: null,
    });
  });

  it("takes the page's own action as the wire calls it", () => {
    expect(checkedTask(anInput({ pageAction: 'login' }), aConfig()).params).toEqual({ action: 'login' });
  });

  it('of an unknown method passes through', () => {
    expect(checkedTask(bare('brand_new'), aConfig()).method).toBe('brand_new');
  });
});

describe('an image', () => {
  const body = Buffer.from([0, 255, 16]).toString('base64');

  it('is sent as base64, which is the method where none is said', () => {
    const task = checkedTask({ ...bare(null), body }, aConfig());
    expect(task).toMatchObject({ method: 'base64', body: 'AP8Q' });
  });

  it('keeps the method that is said', () => {
    expect(checkedTask({ ...bare('rotatecaptcha'), body }, aConfig())).toMatchObject({ method: 'rotatecaptcha' });
  });

  it('that is empty is refused', async () => {
    expect(await refused({ body: '' })).toBe('the image is empty | see captcha solve --help');
  });

  it('or a method is needed', async () => {
    const hint = 'see captcha solve --help';
    expect(await refused(bare(null))).toBe(`nothing to solve: no method and no image | ${hint}`);
  });
});

describe('a reserved parameter', () => {
  it.each([
    ['key', null],
    ['json', null],
    ['id', null],
    ['ids', null],
    ['action', "for the page's own action use --page-action, in a batch the column page_action"],
    ['method', 'use --method'],
  ])('%s is refused with the hint %s', async (name, hint) => {
    const refusal = `the parameter ${name} is set by captcha itself`;
    expect(await refused({ params: { [name]: 'secret' } })).toBe(`${refusal} | ${hint ?? 'see captcha solve --help'}`);
  });
});

describe('what a method needs', () => {
  it.each([
    ['turnstile', 'turnstile needs the page URL (pageurl)\n  turnstile needs a site key (sitekey)'],
    [
      'cloudflare_challenge',
      'cloudflare_challenge needs the page URL (pageurl)\n  cloudflare_challenge needs the parameter proxy\n  cloudflare_challenge needs the parameter proxytype',
    ],
    [
      'geetest',
      'geetest needs the page URL (pageurl)\n  geetest needs a site key (sitekey)\n  geetest needs the parameter challenge',
    ],
    ['base64', 'base64 needs an image (file or body)'],
    ['post', 'post needs an image (file or body)'],
  ])('is said all at once for %s', async (method, problems) => {
    expect(await refused(bare(method))).toBe(`${problems} | ${see}`);
  });

  it('is asked of every known method but those that need nothing', async () => {
    const refusals = await Promise.all(knownMethods().map((method) => refused(bare(method))));
    const sent = knownMethods().filter((_, index) => refusals[index] === 'not refused');
    expect(sent).toEqual(['bls']);
  });

  it('is said where it is given under the name of another method', async () => {
    const problems =
      'turnstile needs a site key (sitekey)\n  turnstile calls its site key sitekey, not googlekey: use sitekey';
    expect(await refused({ sitekey: null, params: { googlekey: '6Le' } })).toBe(`${problems} | ${see}`);
  });
});

const regions = [
  { name: 'us-east-1', params: { proxy: 'us:8080', proxytype: 'HTTP' } },
  { name: 'eu-west-1', params: { proxy: 'eu:8080' } },
];

describe('a region', () => {
  it('labels the task and gives its parameters', () => {
    const task = checkedTask(anInput({ region: 'us-east-1' }), aConfig({ regions }));
    expect(task).toMatchObject({ region: 'us-east-1', params: { proxy: 'us:8080', proxytype: 'HTTP' } });
  });

  it('gives way to parameters of the task itself', () => {
    const input = anInput({ region: 'us-east-1', params: { proxy: 'own:1' } });
    expect(checkedTask(input, aConfig({ regions })).params).toEqual({ proxy: 'own:1', proxytype: 'HTTP' });
  });

  it('supplies what the method requires', () => {
    const input = anInput({ method: 'cloudflare_challenge', region: 'us-east-1' });
    expect(checkedTask(input, aConfig({ regions })).params['proxytype']).toBe('HTTP');
  });

  it('is the default one where none is said', () => {
    const config = aConfig({ regions, routes: { default: 'eu-west-1' } });
    expect(checkedTask(anInput(), config).region).toBe('eu-west-1');
    expect(checkedTask(anInput({ region: 'us-east-1' }), config).region).toBe('us-east-1');
  });

  it.each([
    [
      'a rule',
      { rules: [{ match: '*.example.com', region: 'eu-west-1' }] },
      'https://shop.example.com/',
      'eu-west-1',
      '*.example.com',
    ],
    ['the country of the page', { default: 'us-east-1' }, 'https://example.de/', 'eu-west-1', '.de'],
    ['the default', { default: 'us-east-1' }, 'https://example.com/', 'us-east-1', 'default'],
    ['the default, without a page', { default: 'us-east-1' }, null, 'us-east-1', 'default'],
    ['nothing', {}, 'https://example.com/', null, null],
  ])('is decided by %s', (_what, routes, pageurl, region, rule) => {
    const input = anInput(pageurl === null ? { method: null, pageurl, body: 'AA==' } : { pageurl });
    expect(checkedTask(input, aConfig({ regions, routes }))).toMatchObject({ region, rule });
  });

  it('that a person chose beats every rule', () => {
    const routes = { rules: [{ match: 'example.com', region: 'eu-west-1' }] };
    const task = checkedTask(anInput({ region: 'us-east-1' }), aConfig({ regions, routes }));
    expect(task).toMatchObject({ region: 'us-east-1', rule: 'chosen' });
  });

  it('of a page that may also stand in a parameter', () => {
    const input = anInput({ pageurl: null, params: { pageurl: 'https://example.de/' } });
    expect(checkedTask(input, aConfig({ regions })).region).toBe('eu-west-1');
  });

  it('cannot be told for a page that is no URL', async () => {
    expect(await refused({ pageurl: 'http://' }, { regions })).toMatch(/^pageurl: .* \| write https:/);
  });

  it('that is not configured is refused, with those that are', async () => {
    const message = 'region mars: no such region';
    expect(await refused({ region: 'mars' }, { regions })).toBe(`${message} | there are: us-east-1, eu-west-1`);
    expect(await refused({ region: 'mars' })).toBe(`${message} | no regions are configured`);
  });
});

describe('the policy', () => {
  it.each<[string, object, string | null, string]>([
    ['no rules', {}, 'https://any.example.org/', 'not refused'],
    ['an allowed host', { allow: ['*.example.com'] }, 'https://shop.example.com/', 'not refused'],
    [
      'another host',
      { allow: ['*.example.com'] },
      'https://example.org/',
      'not sent: denied by policy.allow (no pattern matches example.org) | see policy.allow and policy.deny in captcha config show',
    ],
    [
      'a denied host',
      { deny: ['*.example.com'] },
      'https://shop.example.com/',
      'not sent: denied by policy.deny *.example.com | see policy.allow and policy.deny in captcha config show',
    ],
    [
      'a host that is both',
      { allow: ['*.example.com'], deny: ['pay.example.com'] },
      'https://pay.example.com/',
      'not sent: denied by policy.deny pay.example.com | see policy.allow and policy.deny in captcha config show',
    ],
    ['no page', { allow: ['*.example.com'] }, null, 'not refused'],
  ])('with %s: %j and %s', async (_name, ...[policy, pageurl, refusal]) => {
    expect(await refused({ method: 'brand_new', pageurl }, { policy })).toBe(refusal);
  });

  it('judges a page that is given as a parameter', async () => {
    const params = { pageurl: 'https://pay.example.com/' };
    const refusal = await refused({ pageurl: null, params }, { policy: { deny: ['pay.example.com'] } });
    expect(refusal).toBe(
      'not sent: denied by policy.deny pay.example.com | see policy.allow and policy.deny in captcha config show',
    );
  });

  it('has one page to judge: a task that names two is refused', async () => {
    const params = { pageurl: 'https://pay.example.com/' };
    expect(await refused({ params }, {})).toMatch(/^pageurl and the parameter pageurl say different things/);
  });
});
