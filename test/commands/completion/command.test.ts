import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/completion/command.ts';
import { aStage } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';

describe('captcha completion', () => {
  it.each(['bash', 'zsh', 'fish', 'powershell'])('prints the script of %s', async (shell) => {
    const stage = aStage();
    expect(await run({ shell }, stage.context)).toBe(0);
    expect(stage.stdout.text).toContain('captcha __complete ".$');
    expect(stage.stdout.text).not.toContain('@{');
  });

  it('prints it as JSON', async () => {
    const stage = aStage({ globals: { json: true } });
    await run({ shell: 'fish' }, stage.context);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({ schemaVersion: 1, shell: 'fish' });
  });

  it('refuses an unknown shell with a suggestion', async () => {
    const stage = aStage();
    expect(await refusalOf(() => run({ shell: 'zhs' }, stage.context))).toBe('zhs: unknown shell | did you mean zsh?');
  });
});
