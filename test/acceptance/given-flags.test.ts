import { closeSync, openSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { anImage, imageText } from '../support/an-image.ts';
import { it, words } from './support/bench.ts';
import { firstRows } from '../support/exhaustive.ts';

const noSubmit = 'solve TASK --no-submit';

describe.concurrent('a flag, a key or a file that cannot be meant', () => {
  firstRows(it, 2).for([
    ['result', '', 'an argument is empty'],
    ['report good', ' ', 'an argument is empty'],
    ['nosuch', '--help', "unknown command 'nosuch'"],
    ['batc', '--help', 'did you mean batch?'],
    ['config shw', '--help', 'did you mean show?'],
    ['solve', 'https://x.example/a.png', 'curl -s https://x.example/a.png | captcha solve -'],
    ['solve', 'data:image/png;base64,AAAA', 'captcha solve -'],
    [`${noSubmit} --param`, 'proxy=1.2.3.4:80', 'proxy needs proxytype'],
    [`${noSubmit} --param`, 'proxyAddress=1.2.3.4', 'proxyAddress is not a parameter'],
  ] as const)('ends with 2: captcha %s %j', async ([line, last, message], { bench }) => {
    const ended = await bench.run([...words(line), last], { config: null });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(message);
  });

  firstRows(it).for([
    ['"hunter22"', 'has quotes around the key'],
    ['hunter22\u200b', 'contains an invisible character (U+200B)'],
    ['hunter22\nhunter23', 'has more than one line'],
    ['hunter22\\n', 'ends with a line end that is written as text'],
    ['CAPTCHAAI_API_KEY=hunter22', 'contains the name of the variable too'],
  ] as const)('is the key %j', async ([key, message], { bench }) => {
    const ended = await bench.run(['balance'], { env: { CAPTCHAAI_API_KEY: key } });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(`CAPTCHAAI_API_KEY ${message}`);
    expect(ended.stderr).not.toContain('hunter');
  });

  it('is not a second image or a question in words: both are sent', async ({ bench }) => {
    const [cars, hint] = [await bench.write('cars.gif', anImage('gif')), await bench.write('hint.png', anImage())];
    const boxes = [
      'solve',
      cars,
      '--method',
      'bounding_box',
      '--image',
      `imginstructions=${hint}`,
      '--no-submit',
      '--json',
    ];
    const shown = await bench.run(boxes, { config: null });
    const text = imageText();
    expect(JSON.parse(shown.stdout), shown.stderr).toMatchObject({
      parameters: { method: 'bounding_box', image: anImage('gif').toString('base64'), imginstructions: text },
    });
    const words = ['solve', '--param', 'textcaptcha=two and two?', '--no-submit', '--json'];
    const page = await bench.write('page.html', '<html>');
    const question = await bench.run(words, { config: null });
    const parameters = { method: 'post', textcaptcha: 'two and two?' };
    expect(JSON.parse(question.stdout), question.stderr).toMatchObject({ parameters });
    const wrong = await bench.run([...boxes.slice(0, -4), '--image', `imginstructions=${page}`], { config: null });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });

  it('is a second key: the one that is used is named, and config show says where it comes from', async ({ bench }) => {
    const sandbox = await bench.sandbox();
    const keyFile = await bench.write('key', 'hunter22\n');
    const env = { CAPTCHAAI_API_KEY_FILE: keyFile };
    const { code, stderr } = await bench.run(['balance'], { at: sandbox, env });
    expect(code).toBe(0);
    expect(stderr).toContain(`warning: the key file ${keyFile} (CAPTCHAAI_API_KEY_FILE) contains another key`);
    const shown = await bench.run(['--json', 'config', 'show'], { env: { ...env, CAPTCHAAI_API_KEY: undefined } });
    const apiKey = { isSet: true, from: `${keyFile} (CAPTCHAAI_API_KEY_FILE)` };
    expect(JSON.parse(shown.stdout)).toMatchObject({ apiKey });
    expect(shown.stdout).not.toContain('hunter');
  });

  it('is told as JSON with --log-format json', async ({ bench }) => {
    for (const line of ['--log-format json solve --nosuch', 'nosuch --log-format=json', '--log-format json result']) {
      const { code, stderr } = await bench.run(words(line), { config: null });
      expect(code).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ level: 'error' });
    }
  });

  it('is told as JSON by config validate --json', async ({ bench }) => {
    const ended = await bench.run(['--json', 'config', 'validate'], { config: { api: { timout: 1 } } });
    expect(ended.code).toBe(2);
    const errors = [{ path: 'api.timout', problem: expect.stringContaining('timeout') as string }];
    expect(JSON.parse(ended.stdout)).toMatchObject({ schemaVersion: 1, valid: false, errors });
  });

  it('gives JSON Lines for JSON Lines on standard input', async ({ bench }) => {
    const task = { task_id: 1, method: 'turnstile', sitekey: 'a', pageurl: 'https://a.example/' };
    const { stdout } = await bench.run(['--sandbox', 'batch', '-'], { input: `${JSON.stringify(task)}\n` });
    expect(JSON.parse(stdout)).toMatchObject({ task_id: 1, status: 'solved' });
  });

  firstRows(it.runIf(process.platform === 'linux')).for(['--help', 'solve --help', '--version'])(
    'ends with 74 if captcha %s cannot be written',
    async (line, { bench }) => {
      const full = openSync('/dev/full', 'w');
      const ended = await bench.run(words(line), { config: null, stdout: full });
      closeSync(full);
      expect(ended.code).toBe(74);
    },
  );
});
