import { describe, expect, it } from 'vitest';
import { checkedTask, parseTask, type TaskInput, taskRules } from '../../src/cli/checked-task.ts';
import { knownMethods } from '../../src/protocol/methods.ts';
import { wireParameters } from '../../src/protocol/wire.ts';
import { anImage, imageText } from '../support/an-image.ts';
import { aConfig } from './support/a-config.ts';
import { refusalOf } from './support/refusal.ts';

/** The user's input for a turnstile task, with these differences. */
function anInput(special: Partial<TaskInput> = {}): TaskInput {
  const page = { method: 'turnstile', sitekey: '0x4', pageurl: 'https://shop.example.com/login' };
  return { taskId: '1', ...page, pageAction: null, body: null, params: {}, region: null, ...special };
}

/** Only a method. */
const bare = (method: string | null): TaskInput => anInput({ method, sitekey: null, pageurl: null });

const refused = (special: Partial<TaskInput>, config: object = {}): Promise<string> =>
  refusalOf(() => checkedTask(anInput(special), aConfig(config)));

const see = 'see captcha solve --help';

describe('a task', () => {
  it('has the given inputs', () => {
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

  it("sends the page's own action under its wire name", () => {
    expect(checkedTask(anInput({ pageAction: 'login' }), aConfig()).params).toEqual({ action: 'login' });
  });

  it('of an unknown method passes through', () => {
    expect(checkedTask(bare('brand_new'), aConfig()).method).toBe('brand_new');
  });
});

describe('an image', () => {
  const body = imageText();

  it('is sent as base64, which is the default method', () => {
    const task = checkedTask({ ...bare(null), body }, aConfig());
    expect(task).toMatchObject({ method: 'base64', body });
  });

  it('keeps the given method', () => {
    expect(checkedTask({ ...bare('rotatecaptcha'), body }, aConfig())).toMatchObject({ method: 'rotatecaptcha' });
  });

  it.each([
    ['in lines', body.replace(/.{76}/g, '$&\r\n')],
    ['as a data: URI', `data:image/png;base64,${body}`],
    ['as a data: URI in lines', ` data:image/png;charset=x;base64,\n${body.replace(/.{64}/g, '$&\n')}`],
    ['with the letters of URLs', body.replaceAll('+', '-').replaceAll('/', '_')],
  ])('%s is sent bare', (_how, text) => {
    expect(checkedTask({ ...bare('base64'), body: text }, aConfig()).body).toBe(body);
    const inParams = checkedTask({ ...bare('base64'), params: { body: text } }, aConfig());
    expect(inParams).toMatchObject({ body, params: {} });
  });

  it.each([
    ['hello world', 'text, not an image'],
    ['<!DOCTYPE html><html>', 'HTML, not an image'],
    [Buffer.from('<html><body>404').toString('base64'), 'base64 of HTML, not an image'],
    [Buffer.from(body).toString('base64'), 'base64 of text, not an image'],
    ['data:image/svg+xml,%3Csvg%3E', 'a data: URI that is not base64'],
    [
      `data:image/svg+xml;base64,${Buffer.from('<svg xmlns=""/>').toString('base64')}`,
      'a data: URI of an SVG drawing, not an image',
    ],
    [anImage('png', 99).toString('base64'), 'only 99 bytes: the minimum is 100'],
    [anImage('png', 1024 * 1024 + 1).toString('base64'), 'larger than 1 MiB, the limit of the service'],
    [anImage('mp3').toString('base64'), 'an audio file, not an image'],
  ])('is not %s', async (text, what) => {
    expect(await refused({ ...bare('base64'), body: text })).toMatch(`body is ${what} | `);
    expect(await refused({ ...bare('bounding_box'), params: { image: text, instructions: 'x' } })).toMatch(
      `image is ${what} | `,
    );
  });

  it('may have exactly the size limits of the service', async () => {
    for (const size of [100, 1024 * 1024]) {
      expect(await refused({ ...bare('base64'), body: anImage('jpeg', size).toString('base64') })).toBe('not refused');
    }
  });

  it('is sent under the name of the method', () => {
    const instructions = [{ textinstructions: 'cars' }, { imginstructions: body }, { instructions: 'cars' }];
    for (const params of instructions) {
      const task = checkedTask({ ...bare('bounding_box'), params, body }, aConfig());
      expect(wireParameters(task)).toEqual({ method: 'bounding_box', image: body, ...params });
    }
  });

  it('of instructions is checked, too', async () => {
    const params = { imginstructions: 'cars' };
    expect(await refused({ ...bare('bounding_box'), params, body })).toMatch(
      'imginstructions is text, not an image | ',
    );
  });

  it('is a sound for the method audio', async () => {
    const params = { lang: 'en' };
    expect(await refused({ ...bare('audio'), params, body: anImage('mp3').toString('base64') })).toBe('not refused');
    expect(await refused({ ...bare('audio'), params, body })).toMatch('body is an image, not an audio file');
  });

  it('may be anything for an unknown method', () => {
    expect(checkedTask({ ...bare('brand_new'), body: 'anything' }, aConfig()).body).toBe('anything');
  });

  it('that is empty is refused', async () => {
    expect(await refused({ body: '' })).toBe('the image is empty | see captcha solve --help');
  });

  it('is required unless there is a method', async () => {
    const hint = 'see captcha solve --help';
    expect(await refused(bare(null))).toBe(`nothing to solve: no method and no image | ${hint}`);
  });
});

describe('a text CAPTCHA', () => {
  const params = { textcaptcha: 'two and two?', lang: 'en' };

  it.each([null, 'post', 'textcaptcha'])('needs no image, with the method %s', (method) => {
    const task = checkedTask({ ...bare(method), params }, aConfig());
    expect(wireParameters(task)).toEqual({ method: 'post', ...params });
  });
});

describe('the method textcaptcha', () => {
  it('needs its question', async () => {
    expect(await refused(bare('textcaptcha'))).toMatch(/^textcaptcha needs the parameter textcaptcha \|/);
  });
});

describe('the method vkcaptcha', () => {
  it.each(['useragent', 'userAgent'])('takes %s', async (name) => {
    const params = { redirect_uri: 'https://a.example/', [name]: 'UA', proxy: 'h:1', proxytype: 'HTTP' };
    expect(await refused({ ...bare('vkcaptcha'), params })).toBe('not refused');
  });
});

describe('a page', () => {
  const wrong: [string, string][] = [
    ['not a url', 'pageurl: its host contains a space, which is not allowed'],
    ['ftp://x', 'pageurl: the scheme is ftp, not http or https'],
    ['javascript:alert(1)', 'pageurl: its host contains (, which is not allowed'],
    ['https://', 'pageurl: not a URL'],
    ['https:///path', 'not refused'],
    ['/login', 'pageurl: not a URL'],
    ['example.com/login', 'pageurl: it does not begin with https:// or http://'],
    ['localhost:3000', 'pageurl: it does not begin with https:// or http://'],
    ['6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI', 'pageurl looks like a site key'],
    ['0x4AAAAAAADnPIDROrmt1Wwj', 'pageurl looks like a site key'],
    ['https://example.com/', 'not refused'],
    ['http://localhost:3000/', 'not refused'],
    ['HTTPS://[::1]/x', 'not refused'],
    ['https://bücher.example/', 'not refused'],
  ];
  const config = { regions: [{ name: 'eu', location: [50, 8] }], routes: { default: 'eu' } };

  it.each(wrong)('%s: %s, with and without regions, from any source', async (pageurl, reason) => {
    const start = expect.stringMatching(new RegExp(`^${reason.replace(/[()[\]./]/g, '\\$&')}`)) as string;
    expect(await refused({ pageurl })).toEqual(start);
    expect(await refused({ pageurl }, config)).toEqual(start);
    expect(await refused({ pageurl, region: 'eu' }, config)).toEqual(start);
    expect(await refused({ pageurl: null, params: { pageurl } })).toEqual(start);
  });

  it('that was swapped with the site key is reported', async () => {
    const swapped = 'pageurl and sitekey are swapped: the site key is a URL and the page is not | swap them';
    expect(await refused({ sitekey: 'https://example.com/', pageurl: '0x4AAAAAAADnPIDROrmt1Wwj' })).toBe(swapped);
    expect(await refused({ sitekey: 'https://example.com/' })).toMatch('sitekey: a URL is not a site key');
  });

  it('and other identifying inputs are trimmed', () => {
    const input = anInput({ method: ' turnstile\n', sitekey: '\t0x4 ', pageurl: ' https://example.com/ ' });
    expect(checkedTask(input, aConfig())).toMatchObject({
      ...{ method: 'turnstile', sitekey: '0x4', pageurl: 'https://example.com/' },
    });
  });
});

describe('an unknown method', () => {
  const warningsOf = (...methods: string[]): string[] => {
    const warnings: string[] = [];
    const rules = taskRules(aConfig(), (text) => warnings.push(text));
    for (const method of methods) parseTask(anInput({ method }), rules);
    return warnings;
  };

  it('is reported once, with the closest known one', () => {
    const meant = 'warning: unknown method turnstil, sent unchanged; did you mean turnstile?';
    expect(warningsOf('turnstil', 'turnstile', 'turnstil')).toEqual([meant]);
  });

  it('is not reported if no known one is close', () => {
    expect(warningsOf('brand_new_thing')).toEqual([]);
  });
});

describe('a reserved parameter', () => {
  it.each([
    ['key', null],
    ['json', null],
    ['id', null],
    ['ids', null],
    ['action', "for the page's own action, use --page-action (batch: the column page_action)"],
    ['method', 'use --method'],
  ])('%s is refused with the hint %s', async (name, hint) => {
    const refusal = `the parameter ${name} is set by captcha`;
    expect(await refused({ params: { [name]: 'secret' } })).toBe(`${refusal} | ${hint ?? 'see captcha solve --help'}`);
  });
});

describe('the name of a parameter', () => {
  it.each<[Record<string, string>, string]>([
    [{ ' key': 'x' }, 'the parameter key is set by captcha'],
    [{ ' action': 'x', action: 'y' }, 'action is given twice'],
    [{ ' ': 'x' }, '" " is not a parameter name'],
    [{ 'pageurl\u0000': 'x' }, 'is not a parameter name'],
    [Object.fromEntries([['__proto__', 'x']]), '"__proto__" is not a parameter name'],
    [{ constructor: 'x', proxytype: 'HTTP' }, 'not refused'],
  ])('is judged as the service reads it: %j', async (params, reason) => {
    expect(await refused({ params })).toContain(reason);
  });
});

describe('the required inputs of a method', () => {
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
  ])('are all reported at once for %s', async (method, problems) => {
    expect(await refused(bare(method))).toBe(`${problems} | ${see}`);
  });

  it('are checked for every known method that has any', async () => {
    const refusals = await Promise.all(knownMethods().map((method) => refused(bare(method))));
    const sent = knownMethods().filter((_, index) => refusals[index] === 'not refused');
    expect(sent).toEqual(['bls']);
  });

  it("are reported if they are given under another method's name", async () => {
    const problems =
      'turnstile needs a site key (sitekey)\n  googlekey is not a parameter of turnstile: write --sitekey VALUE (batch: column sitekey), sent as sitekey';
    expect(await refused({ sitekey: null, params: { googlekey: '6Le' } })).toBe(`${problems} | ${see}`);
  });
});

const regions = [
  { name: 'us-east-1', params: { proxy: 'us:8080', proxytype: 'HTTP' } },
  { name: 'eu-west-1', params: { proxy: 'eu:8080', proxytype: 'HTTP' } },
];

describe('a region', () => {
  it('labels the task and gives its parameters', () => {
    const task = checkedTask(anInput({ region: 'us-east-1' }), aConfig({ regions }));
    expect(task).toMatchObject({ region: 'us-east-1', params: { proxy: 'us:8080', proxytype: 'HTTP' } });
  });

  it("is overridden by the task's own parameters", () => {
    const input = anInput({ region: 'us-east-1', params: { proxy: 'own:1' } });
    expect(checkedTask(input, aConfig({ regions })).params).toEqual({ proxy: 'own:1', proxytype: 'HTTP' });
  });

  it('supplies what the method requires', () => {
    const input = anInput({ method: 'cloudflare_challenge', region: 'us-east-1' });
    expect(checkedTask(input, aConfig({ regions })).params['proxytype']).toBe('HTTP');
  });

  it('is the default one if none is given', () => {
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
  ])('is selected by %s', (_what, routes, pageurl, region, rule) => {
    const input = anInput(pageurl === null ? { method: null, pageurl, body: imageText() } : { pageurl });
    expect(checkedTask(input, aConfig({ regions, routes }))).toMatchObject({ region, rule });
  });

  it('that the user chose takes precedence over every rule', () => {
    const routes = { rules: [{ match: 'example.com', region: 'eu-west-1' }] };
    const task = checkedTask(anInput({ region: 'us-east-1' }), aConfig({ regions, routes }));
    expect(task).toMatchObject({ region: 'us-east-1', rule: 'chosen' });
  });

  it('is also found for a page given as a parameter', () => {
    const input = anInput({ pageurl: null, params: { pageurl: 'https://example.de/' } });
    expect(checkedTask(input, aConfig({ regions })).region).toBe('eu-west-1');
  });

  it('is unknown for a page that is not a URL', async () => {
    expect(await refused({ pageurl: 'http://' }, { regions })).toMatch(/^pageurl: .* \| write https:/);
  });

  it('that is not configured is refused, with the configured ones', async () => {
    const message = 'unknown region mars';
    expect(await refused({ region: 'mars' }, { regions })).toBe(`${message} | known: us-east-1, eu-west-1`);
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

  it('applies to a page that is given as a parameter', async () => {
    const params = { pageurl: 'https://pay.example.com/' };
    const refusal = await refused({ pageurl: null, params }, { policy: { deny: ['pay.example.com'] } });
    expect(refusal).toBe(
      'not sent: denied by policy.deny pay.example.com | see policy.allow and policy.deny in captcha config show',
    );
  });

  it.each([' pageurl', 'pageurl ', '\tpageurl', '\u00a0pageurl'])(
    'applies to a page under a name with blanks around it: %j',
    async (name) => {
      const params = { [name]: 'https://pay.example.com/' };
      expect(await refused({ pageurl: null, params }, { policy: { deny: ['pay.example.com'] } })).toContain('denied');
    },
  );

  it('needs a single page: a task with two is refused', async () => {
    const params = { pageurl: 'https://pay.example.com/' };
    expect(await refused({ params }, {})).toMatch(/^pageurl and the parameter pageurl have different values/);
  });
});
