import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/methods/command.ts';
import { allMethods } from '../../../src/protocol/methods.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

async function printed(name?: string, parts: StageParts = {}): Promise<string> {
  const stage = aStage(parts);
  expect(await run(name === undefined ? {} : { name }, stage.context)).toBe(0);
  return stage.stdout.text;
}

describe('captcha methods', () => {
  it('prints every row of the table with all its parameters', async () => {
    const lines = (await printed()).split('\n');
    expect(lines[0]).toMatch(/^METHOD +LIFETIME +PARAMETERS \[optional\]$/);
    const text = lines.join(' ').replace(/ +/g, ' ');
    for (const { method, required, optional } of allMethods()) {
      expect(lines.some((line) => line.startsWith(`${method} `))).toBe(true);
      for (const name of [...required, ...optional]) expect(text).toContain(name);
    }
    expect(text).toContain('turnstile 2m 00s pageurl sitekey (site key) [action] [data] [pagedata]');
    expect(text).toContain('geetest 1m 00s if version=4: pageurl gt (site key)');
    expect(text).toContain('instructions|textinstructions|imginstructions');
    expect(lines.filter((line) => line.startsWith('userrecaptcha '))).toHaveLength(1);
  });

  it.each([60, 80, 120])('fits a screen of %i columns', async (columns) => {
    const text = await printed(undefined, { stdout: { isTTY: true, columns } });
    const unbreakable = /^ *\S+$/;
    const tooLong = text.split('\n').filter((line) => line.length > columns && !unbreakable.test(line));
    expect(tooLong).toEqual([]);
  });

  it('prints a method under the name of other clients', async () => {
    expect(await printed('textcaptcha')).toMatch(/^post with textcaptcha\n {2}required {2}textcaptcha\n/);
  });

  it('prints one method in detail', async () => {
    expect(await printed('vkimage')).toBe(
      [
        'vkimage',
        '  required  body (image) steps',
        '  optional  pageurl proxy proxytype cookies userAgent useragent pingback soft_id',
        '            header_acao',
        '  lifetime  unlimited',
        '',
      ].join('\n'),
    );
    expect(await printed(' geetest ')).toMatch(/^geetest with version=4\n[^]*\n\ngeetest\n[^]*used up {3}challenge/);
  });

  it('prints it as JSON', async () => {
    const { schemaVersion, methods, commonParameters } = JSON.parse(
      await printed('bounding_box', { globals: { json: true } }),
    ) as Record<string, unknown>;
    expect({ schemaVersion, methods }).toEqual({
      schemaVersion: 1,
      methods: [
        {
          method: 'bounding_box',
          when: null,
          siteKeyName: null,
          required: ['image', 'instructions'],
          alternatives: { instructions: ['textinstructions', 'imginstructions'] },
          optional: [],
          medium: 'image',
          lifetimeMs: null,
          singleUse: [],
        },
      ],
    });
    expect(commonParameters).toContain('proxy');
    const all = JSON.parse(await printed(undefined, { globals: { json: true } })) as { methods: unknown[] };
    expect(all.methods).toHaveLength(allMethods().length);
  });

  it('refuses an unknown one with the closest name', async () => {
    const stage = aStage();
    expect(await refusalOf(() => run({ name: 'turnstil' }, stage.context))).toBe(
      'turnstil: unknown method | did you mean turnstile?',
    );
  });
});
