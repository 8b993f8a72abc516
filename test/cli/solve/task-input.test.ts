import { describe, expect, it } from 'vitest';
import { type TaskFlags, taskInputOf } from '../../../src/cli/solve/task-input.ts';
import { aStage } from '../support/a-stage.ts';
import { refusalOf } from '../support/refusal.ts';

const inputOf = (flags: TaskFlags, files: Record<string, string | Uint8Array> = {}) =>
  taskInputOf(flags, aStage({ files }).context);

const nothing = {
  taskId: '1',
  method: null,
  sitekey: null,
  pageurl: null,
  pageAction: null,
  params: {},
  body: null,
  region: null,
};

describe('the flags of a task', () => {
  it.each<[TaskFlags, object]>([
    [{}, {}],
    [{ method: 'turnstile' }, { method: 'turnstile' }],
    [{ sitekey: '0x4' }, { sitekey: '0x4' }],
    [{ pageurl: 'https://example.com' }, { pageurl: 'https://example.com' }],
    [{ pageAction: 'login' }, { pageAction: 'login' }],
    [{ region: 'eu-west-1' }, { region: 'eu-west-1' }],
    [{ param: ['a=1', 'b=x=y'] }, { params: { a: '1', b: 'x=y' } }],
  ])('%j become its input', async (flags, input) => {
    expect(await inputOf(flags)).toEqual({ ...nothing, ...input });
  });

  it.each(['image.png', '-'])('read the image %s byte by byte', async (file) => {
    const bytes = Uint8Array.from([0x89, 0x50, 0x00, 0xff]);
    const { body } = await inputOf({ file }, { [file]: bytes });
    expect(body).toBe(Buffer.from(bytes).toString('base64'));
  });
});

describe('a parameter file', () => {
  const read = (text: string): Promise<unknown> =>
    inputOf({ paramFile: 'p.json' }, { 'p.json': text }).then(({ params }) => params);

  it('holds parameters of any plain kind, which are sent as text', async () => {
    const text = '{"proxy": "user:secret@host:8080", "min_score": 0.3, "enterprise": true, "ünïcode": "é"}';
    const params = { proxy: 'user:secret@host:8080', min_score: '0.3', enterprise: 'true', ünïcode: 'é' };
    expect(await read(text)).toEqual(params);
  });

  it('gives way to --param', async () => {
    const { params } = await inputOf({ paramFile: '-', param: ['a=argv'] }, { '-': '{"a": "file", "b": "file"}' });
    expect(params).toEqual({ a: 'argv', b: 'file' });
  });

  const hint = 'it holds one JSON object, for example {"proxy": "user:password@host:8080", "proxytype": "HTTP"}';

  it.each(['', 'proxy=secret', '{"proxy": "secret"', "{'proxy': 'secret'}"])(
    'that is not JSON is refused without showing what it holds: %j',
    async (text) => {
      expect(await refusalOf(() => read(text))).toBe(`--param-file p.json: not JSON | ${hint}`);
    },
  );

  it.each(['null', '3', '"secret"', '[]', '["secret"]', '{"a": null}', '{"a": {"b": "secret"}}', '{"a": ["secret"]}'])(
    'that is not one object of plain values is refused without showing what it holds: %s',
    async (text) => {
      const refusal = `--param-file p.json: not an object of texts and numbers | ${hint}`;
      expect(await refusalOf(() => read(text))).toBe(refusal);
    },
  );
});
