import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRoot } from '../support/is-root.ts';
import { folderWith } from './folder.ts';
import { loadIn, refusalIn } from './load-in.ts';

const timeoutOf = (timeout: string) => ({ solve: { timeout } });

describe('a config file is found', () => {
  it.each([
    ['captcha.config.json', timeoutOf('7s')],
    ['captcha.config.yaml', 'solve:\n  timeout: 7s\n'],
    ['captcha.config.yml', 'solve: { timeout: 7s }'],
    ['.captcharc', 'solve:\n  timeout: 7s\n'],
    ['.captcharc', timeoutOf('7s')],
    ['.captcharc.json', timeoutOf('7s')],
    ['.captcharc.yaml', 'solve:\n  timeout: 7s\n'],
    ['package.json', { name: 'shop', captcha: timeoutOf('7s') }],
    ['captcha.config.json', `\uFEFF${JSON.stringify({ $schema: './x.json', ...timeoutOf('7s') })}`],
  ])('as %s', async (name, content) => {
    const folder = await folderWith({ [name]: content });
    const { config, file } = await loadIn(folder);
    expect(config.solve.timeoutMs).toBe(7_000);
    expect(file).toEqual({ path: join(folder, name), found: true });
  });

  it('in a folder above', async () => {
    const folder = await folderWith({ 'captcha.config.json': timeoutOf('7s'), 'a/b/package.json': { name: 'inner' } });
    const { file } = await loadIn(join(folder, 'a/b'), { env: { HOME: folder } });
    expect(file).toEqual({ path: join(folder, 'captcha.config.json'), found: true });
  });

  it('the nearest one first', async () => {
    const folder = await folderWith({ '.captcharc': timeoutOf('7s'), 'a/.captcharc': timeoutOf('8s') });
    expect((await loadIn(join(folder, 'a'), { env: { HOME: folder } })).config.solve.timeoutMs).toBe(8_000);
  });

  it('but not above the home folder', async () => {
    const folder = await folderWith({ '.captcharc': timeoutOf('7s'), 'home/a/x.txt': '' });
    const home = join(folder, 'home');
    expect((await loadIn(join(home, 'a'), { env: { HOME: home } })).file).toBeNull();
  });
});

describe("the user's own config file", () => {
  it.each(['config.json', 'config.yaml', 'config.yml'])('is %s in the XDG config folder', async (name) => {
    const folder = await folderWith({ [`xdg/captcha/${name}`]: timeoutOf('7s'), 'work/x.txt': '' });
    const { config, file } = await loadIn(join(folder, 'work'), { env: { XDG_CONFIG_HOME: join(folder, 'xdg') } });
    expect(config.solve.timeoutMs).toBe(7_000);
    expect(file).toEqual({ path: join(folder, 'xdg/captcha', name), found: false });
  });

  it('is in ~/.config without XDG_CONFIG_HOME, or with a relative one', async () => {
    const folder = await folderWith({ '.config/captcha/config.json': timeoutOf('7s') });
    expect((await loadIn(folder)).config.solve.timeoutMs).toBe(7_000);
    expect((await loadIn(folder, { env: { XDG_CONFIG_HOME: 'x' } })).config.solve.timeoutMs).toBe(7_000);
  });

  it('is used only if no other one is found', async () => {
    const folder = await folderWith({
      '.config/captcha/config.json': timeoutOf('7s'),
      'captcha.config.json': timeoutOf('8s'),
    });
    expect((await loadIn(folder)).config.solve.timeoutMs).toBe(8_000);
  });
});

describe('a config file given with --config', () => {
  it('is read instead of all others, relative to the working directory', async () => {
    const folder = await folderWith({ 'captcha.config.json': timeoutOf('7s'), 'other.yaml': 'solve: {timeout: 8s}' });
    const { config, file } = await loadIn(folder, { file: 'other.yaml' });
    expect(config.solve.timeoutMs).toBe(8_000);
    expect(file).toEqual({ path: join(folder, 'other.yaml'), found: false });
  });

  it('may set nothing', async () => {
    const folder = await folderWith({ 'nothing.yaml': '{} # all defaults\n' });
    expect((await loadIn(folder, { file: 'nothing.yaml' })).config.solve.timeoutMs).toBe(300_000);
  });

  it.each([
    ['missing.json', /--config .*missing\.json: no such file/],
    ['.', /--config .*: is a directory/],
    ['package.json', /package\.json: contains no configuration \(in package\.json: the key captcha\)/],
    ['run.cjs', /run\.cjs: config files must be data files \(\.json, \.yaml or \.yml\)/],
    ['captcha.toml', /captcha\.toml: config files must be data files/],
  ])('%s is rejected', async (file, message) => {
    const folder = await folderWith({ 'package.json': {}, 'run.cjs': 'process.exit(9)', 'captcha.toml': 'a = 1' });
    expect(await refusalIn(folder, { file })).toMatch(message);
  });

  it.skipIf(isRoot)('that is not readable is rejected', async () => {
    const folder = await folderWith({ 'a.json': {} });
    await chmod(join(folder, 'a.json'), 0);
    expect(await refusalIn(folder, { file: 'a.json' })).toMatch(/a\.json: permission denied/);
  });
});

describe('an unusable config file', () => {
  it('reports all invalid paths at once', async () => {
    const folder = await folderWith({
      'captcha.config.json': {
        solve: { timeout: 60 },
        retry: { maxAttempt: 3, strategy: 'full' },
        regions: [{ name: 'us-east-1' }, { name: 'us-east-1' }],
        routes: { default: 'us-east1', rules: [{ match: '*.de', region: 'mars' }] },
      },
    });
    const lines = (await refusalIn(folder)).split('\n');
    const path = join(folder, 'captcha.config.json');
    expect(lines).toEqual([
      'the configuration is not valid:',
      `  solve.timeout (${path}): 60 is not a duration: did you mean 60s?`,
      expect.stringContaining('  retry.strategy ('),
      `  retry.maxAttempt (${path}): unknown key; did you mean maxAttempts?`,
      `  regions[1].name (${path}): is also the name of regions[0]`,
      `  routes.default (${path}): unknown region "us-east1"; did you mean us-east-1?`,
      `  routes.rules[0].region (${path}): unknown region "mars"; known: us-east-1`,
    ]);
  });

  it.each([
    ['captcha.config.json', '{\n  "solve": {\n    "timeout": 5s\n  }\n}', ':3:16: not valid JSON: expected a value'],
    ['captcha.config.json', '{ "solve": {}, }', ':1:16: not valid JSON: expected a name in double quotes'],
    ['package.json', '{ "captcha": ', ':1:14: not valid JSON: expected a value'],
    ['.captcharc.yaml', 'solve:\n  timeout: 5s\n timeout: 6s\n', ':3:2: not valid YAML: bad indentation'],
    ['.captcharc', 'solve: {}\nsolve: {}\n', ':2:1: not valid YAML: duplicated mapping key'],
  ])('%s with %j is rejected with line and column', async (name, text, message) => {
    const folder = await folderWith({ [name]: text });
    expect(await refusalIn(folder)).toContain(`${join(folder, name)}${message}`);
  });

  it.each([
    ['captcha.config.json', '{"__proto__": {"policy": {}}}', '__proto__'],
    ['captcha.config.json', '{"constructor": 1, "policy": {"prototype": 2}}', 'policy.prototype'],
    ['captcha.config.json', '{"constructor": 1, "policy": {"prototype": 2}}', '  constructor ('],
    ['captcha.config.yaml', 'api:\n  __proto__: {baseUrl: x}\n', 'api.__proto__'],
    ['.captcharc', '{"regions": [{"name": "r", "params": {"__proto__": "x"}}]}', 'regions[0].params.__proto__'],
    ['.captcharc', '{"errors": {"constructor": "account"}}', 'errors.constructor'],
  ])('reports a name that objects have anyway in %s: %s', async (file, content, path) => {
    expect(await refusalIn(await folderWith({ [file]: content }))).toContain(path);
  });

  it.each<[string, string, string | null]>([
    ['captcha.config.json', '{"policy": {"deny": ["a.com"]},\n "policy": {}}', ':2:2: the key "policy" occurs twice'],
    ['captcha.config.json', '{"policy": {"deny": [], "\\u0064eny": []}}', ':1:25: the key "deny" occurs twice'],
    ['captcha.config.json', '{"regions": [{"name": "r"}, {"name": "s"}]}', null],
    ['captcha.config.yaml', 'policy: {}\npolicy: {deny: []}\n', 'duplicated mapping key'],
    ['package.json', '{"name": "x", "name": "y", "captcha": {"solve": {}}}', null],
    ['package.json', '{"captcha": {"policy": {}, "policy": {}}}', 'the key "policy" occurs twice'],
    ['package.json', '{"captcha": {}, "captcha": {}}', 'the key "captcha" occurs twice'],
  ])('reports a key that occurs twice in %s: %s', async (file, content, problem) => {
    expect(await refusalIn(await folderWith({ [file]: content }))).toContain(problem ?? 'loaded');
  });

  it.each([
    ['.captcharc', '0123456789abcdef0123456789abcdef\n'],
    ['.captcharc', 'CAPTCHAAI_API_KEY=0123456789abcdef0123456789abcdef\n'],
    ['.captcharc', '{0123456789abcdef0123456789abcdef}\n'],
    ['.captcharc', '0123456789abcdef0123456789abcdef: 1\n'],
    ['captcha.config.json', '"0123456789abcdef0123456789abcdef"'],
    ['captcha.config.json', '{"api": "0123456789abcdef0123456789abcdef"}'],
    ['captcha.config.yaml', 'api: 0123456789abcdef0123456789abcdef\n'],
    ['.config/captcha/config.json', '{"api": {"keyFile": "0123456789abcdef0123456789abcdef"}}'],
    ['.config/captcha/config.json', '{"api": {"key": "0123456789abcdef0123456789abcdef"}}'],
  ])('%s that holds the key itself is rejected without it: %s', async (name, text) => {
    const refusal = await refusalIn(await folderWith({ [name]: text }));
    expect(refusal).toContain('the configuration is not valid');
    expect(refusal).not.toContain('0123456789');
  });

  it('is reported without passwords', async () => {
    const folder = await folderWith({
      '.captcharc': {
        results: 'amqp://user:hunter2@queue',
        routes: { default: 'proxy.example.com:8080:user:hunter2' },
        regions: [{ name: 'a', params: { proxy: { url: 'user:hunter2@host' } } }],
        budget: { scope: 'redis//:hunter2@redis', onExhausted: 'user:hunter2@host' },
      },
    });
    const message = await refusalIn(folder);
    expect(message).toContain('budget.onExhausted');
    expect(message).not.toContain('hunter2');
  });

  it('that is not an object is rejected', async () => {
    expect(await refusalIn(await folderWith({ '.captcharc': 'hello' }))).toContain('must be an object, not "hello"');
  });
});

describe('a config file without content', () => {
  const above = { 'captcha.config.json': { policy: { allow: ['*.example.com'] } } };

  it.each([
    ['captcha.config.json', '[]', 'a list'],
    ['captcha.config.json', 'null', 'null'],
    ['captcha.config.json', '5', '5'],
    ['.captcharc', '- a\n', 'a list'],
    ['package.json', '{"captcha": []}', 'a list'],
    ['package.json', '{"captcha": null}', 'null'],
  ])('%s of %j is not an object, found or named', async (name, text, shown) => {
    const folder = await folderWith({ ...above, [`a/${name}`]: text });
    const path = join(folder, 'a', name);
    const message = `the configuration is not valid:\n  the file (${path}): must be an object, not ${shown}`;
    const refusal = { name: 'UsageError', message, hint: 'Write {} for an empty configuration.' };
    await expect(loadIn(join(folder, 'a'), { env: { HOME: folder } })).rejects.toMatchObject(refusal);
    await expect(loadIn(folder, { file: `a/${name}` })).rejects.toMatchObject(refusal);
    const env = { CAPTCHAAI_BASE_URL: 'https://mine.example.com' };
    await expect(loadIn(folder, { file: `a/${name}`, env })).rejects.toMatchObject(refusal);
  });

  it.each([
    ['captcha.config.json', ''],
    ['.captcharc', ' \n'],
    ['captcha.config.yaml', '# allow: nothing yet\n'],
    ['.captcharc.yaml', '~\n'],
    ['captcha.config.yml', '---\n'],
  ])('%s of %j is rejected with the fix, found or named, whatever is above', async (name, text) => {
    const folder = await folderWith({ ...above, [`a/${name}`]: text });
    const path = join(folder, 'a', name);
    const hint = 'Write {} (an empty configuration) into it, or remove it.';
    const found = loadIn(join(folder, 'a'), { env: { HOME: folder } });
    await expect(found).rejects.toMatchObject({ name: 'UsageError', message: `${path}: is empty`, hint });
    const named = loadIn(folder, { file: `a/${name}` });
    await expect(named).rejects.toMatchObject({ name: 'UsageError', message: `--config ${path}: is empty`, hint });
  });

  it("is also rejected as the user's own", async () => {
    const folder = await folderWith({ '.config/captcha/config.yaml': '' });
    expect(await refusalIn(folder)).toBe(`${join(folder, '.config/captcha/config.yaml')}: is empty`);
  });

  it.each(['{}', '{ "name": "x" }', '[]', ''])('is ignored as package.json without the key: %j', async (text) => {
    const folder = await folderWith({ ...above, 'a/package.json': text });
    const { file } = await loadIn(join(folder, 'a'), { env: { HOME: folder } });
    expect(file?.path).toBe(join(folder, 'captcha.config.json'));
  });
});

describe('a loaded configuration', () => {
  it('is immutable', async () => {
    const folder = await folderWith({ '.captcharc': { regions: [{ name: 'a', params: { proxytype: 'HTTP' } }] } });
    const { config } = await loadIn(folder);
    expect(() => Reflect.set(config.solve, 'timeoutMs', 1) && undefined).not.toThrow();
    expect(config.solve.timeoutMs).toBe(300_000);
    expect([config, config.api, config.regions, config.regions[0]?.params].every(Object.isFrozen)).toBe(true);
  });

  it('resolves a relative key file from the folder of its config file', async () => {
    const folder = await folderWith({ 'conf/my.json': { api: { keyFile: 'secret/key' } } });
    const { config, settings } = await loadIn(folder, { file: 'conf/my.json' });
    expect(config.api.keyFile).toBe(join(folder, 'conf/secret/key'));
    expect(settings.find(({ path }) => path === 'api.keyFile')?.value).toBe('secret/key');
  });

  it('may send the key over http to this machine, or anywhere with api.allowHttp', async () => {
    const load = (api: object) =>
      folderWith({ 'a.json': { api } }).then((folder) => loadIn(folder, { file: 'a.json' }));
    expect((await load({ baseUrl: 'http://127.0.0.1:8080/' })).config.api.baseUrl).toBe('http://127.0.0.1:8080');
    expect((await load({ baseUrl: 'http://10.0.0.5', allowHttp: true })).config.api.baseUrl).toBe('http://10.0.0.5');
    await expect(load({ baseUrl: 'http://127.0.0.1.example.com' })).rejects.toThrow('unencrypted');
  });

  it('warns about files that look like configuration and names that look mistyped', async () => {
    const folder = await folderWith({
      'captcha.config.ts': 'export default {}',
      '.captcharc': {
        errors: { ERROR_ZERO_BALACE: 'throttled', VENDOR_SPECIFIC: 'timeout' },
        polling: { methods: { turnstyle: {} } },
      },
    });
    expect((await loadIn(folder)).warnings).toEqual([
      'captcha.config.ts is ignored: use a data file, captcha.config.json or .yaml',
      'errors.ERROR_ZERO_BALACE is unknown; did you mean ERROR_ZERO_BALANCE?',
      'polling.methods.turnstyle is unknown; did you mean turnstile?',
    ]);
  });
});
