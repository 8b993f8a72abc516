import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/man/command.ts';
import { aStage } from '../../cli/support/a-stage.ts';

describe('captcha man', () => {
  it('prints the page in roff if there is no screen', async () => {
    const stage = aStage();
    expect(await run({}, stage.context)).toBe(0);
    expect(stage.stdout.text).toMatch(/^\.TH CAPTCHA 1 "" "captcha 1\.2\.3"/);
    expect(stage.records.shownManuals).toEqual([]);
  });

  it('shows the page on a screen', async () => {
    const stage = aStage({ stdout: { isTTY: true, columns: 80 } });
    expect(await run({}, stage.context)).toBe(0);
    expect(stage.stdout.text).toBe('');
    expect(stage.records.shownManuals).toEqual([expect.stringMatching(/^\.TH CAPTCHA 1/)]);
  });

  it('prints the page and a note if it cannot be shown', async () => {
    const stage = aStage({ stdout: { isTTY: true, columns: 80 }, showsManuals: false });
    expect(await run({}, stage.context)).toBe(0);
    expect(stage.stdout.text).toMatch(/^\.TH CAPTCHA 1/);
    expect(stage.stderr.text).toContain('man(1) could not show the page');
  });

  it('prints it as JSON', async () => {
    const stage = aStage({ globals: { json: true } });
    await run({}, stage.context);
    expect(JSON.parse(stage.stdout.text)).toEqual({ schemaVersion: 1, page: expect.stringMatching(/^\.TH/) as string });
  });
});
