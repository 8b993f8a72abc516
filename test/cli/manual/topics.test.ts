import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../../src/cli/exit-codes.ts';
import { helpTopics } from '../../../src/cli/help-topics.ts';
import { topicSections } from '../../../src/cli/manual/topics.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { settingLeaves } from '../../../src/config/settings.ts';
import { runIn } from '../support/run-in.ts';

describe('captcha help', () => {
  it('lists the topics at the end of the main page', async () => {
    const { out } = await runIn(['help']);
    const list = /\nHelp topics \(captcha help TOPIC\):\n((?: {2}.+\n)+)/.exec(out)?.[1] ?? '';
    expect([...list.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name)).toEqual(helpTopics.map(({ name }) => name));
    expect((await runIn(['--help'])).out).toBe(out);
  });

  it.each(helpTopics)('prints $name as text for a screen and as JSON', async ({ name }) => {
    const { exitCode, out, err } = await runIn(['help', name], { stdout: { isTTY: true, columns: 60 } });
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out.split('\n').filter((line) => line.length > 60)).toEqual([]);
    const { topic, sections } = JSON.parse((await runIn(['help', name, '--json'])).out) as Record<string, unknown>;
    expect(topic).toBe(name);
    expect(sections).toEqual(topicSections(name, { title: 'the schema' }));
  });

  it('prints the command tree as JSON without a topic', async () => {
    const { out } = await runIn(['help', '--json']);
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, name: 'captcha', commands: { length: 23 } });
  });

  it('prints the page of the command config with a subcommand or --help, and the topic without', async () => {
    expect((await runIn(['help', 'config', 'show'])).out).toMatch(/^Usage: captcha config show/);
    expect((await runIn(['config', '--help'])).out).toMatch(/^Usage: captcha config/);
    expect((await runIn(['help', 'config'])).out).toContain('captcha config --help');
  });
});

describe('the topic', () => {
  it('exit-codes has every exit code', () => {
    const [{ entries } = { entries: [] }] = topicSections('exit-codes', {});
    expect(entries.map(({ name }) => Number(name))).toEqual(expect.arrayContaining(Object.values(exitCodes)));
  });

  it('config has every key of the schema with its default', async () => {
    const entries = topicSections('config', await configJsonSchema()).flatMap((section) => section.entries);
    const names = entries.map(({ name }) => name);
    expect(settingLeaves().filter(({ path }) => !names.includes(path))).toEqual([]);
    expect(entries.find(({ name }) => name === 'retry.maxAttempts')?.text).toMatch(/Default: 3\.$/);
    expect(names).toContain('regions[].queue');
  });
});
