import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/threads/command.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

async function asked(threads: number, workingThreads: number, parts: StageParts = {}) {
  const stage = aStage({ api: { threads: async () => ({ threads, workingThreads }) }, ...parts });
  const exitCode = await run({}, stage.context);
  return { exitCode, out: stage.stdout.text, closed: stage.records.closedSessions };
}

describe('captcha threads', () => {
  it('prints all, working and free threads', async () => {
    expect(await asked(100, 7)).toEqual({ exitCode: 0, out: 'threads  100\nworking  7\nfree     93\n', closed: 1 });
  });

  it('prints them as JSON', async () => {
    const { out } = await asked(100, 7, { globals: { json: true } });
    expect(JSON.parse(out)).toEqual({ schemaVersion: 1, threads: 100, workingThreads: 7, freeThreads: 93 });
  });

  it('never prints a negative number of free threads', async () => {
    expect((await asked(5, 7)).out).toContain('free     0\n');
  });
});
