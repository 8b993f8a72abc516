import { describe, expect, it } from 'vitest';
import type { SandboxFlags } from '../../../src/cli/context.ts';
import type { StopSignal } from '../../../src/cli/interrupt.ts';
import { run } from '../../../src/commands/sandbox/command.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

function aSandbox(parts: StageParts = {}) {
  const closed = { times: 0 };
  const sandbox = {
    url: 'http://127.0.0.1:4000',
    stats: () => ({ submissions: 3, accepted: 2, duplicates: 1 }),
    close: async () => {
      closed.times += 1;
    },
  };
  return { closed, ...aStage({ ...parts, sandbox }) };
}

/** Runs a sandbox until it gets a signal. */
async function stopped(signal: StopSignal, flags: SandboxFlags = {}, parts: StageParts = {}) {
  const stage = aSandbox(parts);
  const running = run(flags, stage.context);
  await stage.clock.advance(3_600_000);
  const closedBefore = stage.closed.times;
  stage.signals.send(signal);
  const exitCode = await running;
  const { drained } = stage.context.interrupt;
  return {
    exitCode,
    drained,
    closedBefore,
    closedAfter: stage.closed.times,
    out: stage.stdout.text,
    err: stage.stderr.text,
  };
}

describe('captcha sandbox', () => {
  it('prints its address first, then the environment to export', async () => {
    const { out } = await stopped('SIGTERM');
    expect(out).toBe(
      [
        'listening on http://127.0.0.1:4000',
        'export CAPTCHAAI_BASE_URL=http://127.0.0.1:4000',
        'export CAPTCHAAI_API_KEY=sandbox',
        '',
      ].join('\n'),
    );
  });

  it('exports the only key that it accepts', async () => {
    expect((await stopped('SIGTERM', { key: 'k1' })).out).toContain('export CAPTCHAAI_API_KEY=k1\n');
  });

  it('prints one JSON document with --json', async () => {
    const { out } = await stopped('SIGTERM', {}, { globals: { json: true } });
    expect(JSON.parse(out)).toEqual({ schemaVersion: 1, url: 'http://127.0.0.1:4000', key: 'sandbox' });
  });

  it.each<[StopSignal, number, boolean]>([
    ['SIGTERM', 0, true],
    ['SIGINT', 130, false],
  ])('runs until %s, then closes and exits %i (its regular end: %s)', async (signal, exitCode, drained) => {
    const ended = { exitCode, drained, closedBefore: 0, closedAfter: 1 };
    expect(await stopped(signal)).toMatchObject(ended);
  });

  it('prints its counts when it stops', async () => {
    expect((await stopped('SIGTERM')).err).toBe(
      'stopped: 3 submissions, 2 accepted, 1 paid for twice (GET /_stats shows all counters)\n',
    );
  });

  it('handles a signal that comes during the start', async () => {
    const stage = aSandbox();
    const { context, signals } = stage;
    const sandbox: typeof context.sandbox = async (flags) => {
      signals.send('SIGTERM');
      return stage.context.sandbox(flags);
    };
    expect(await run({}, { ...context, sandbox })).toBe(0);
    expect(stage.closed.times).toBe(1);
  });

  it.each([0, 1])('closes if its reader has gone after %i lines', async (writesBeforeError) => {
    const stage = aSandbox({ stdout: { writesBeforeError } });
    await expect(run({}, stage.context)).rejects.toMatchObject({ code: 'EPIPE' });
    expect(stage.closed.times).toBe(1);
  });
});
