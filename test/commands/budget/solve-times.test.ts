import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/budget/command.ts';
import type { MethodSolveTimes } from '../../../src/cli/context.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

const turnstile: MethodSolveTimes = {
  method: 'turnstile',
  samples: Array.from({ length: 20 }, (_, index) => ({ notReadyMs: 4_000, readyMs: 6_000 + index * 100 })),
  planMs: [3_000.4, 5_000, 6_500, 8_000, 12_000, 15_000, 20_000],
};

async function shown(parts: StageParts) {
  const stage = aStage(parts);
  const exitCode = await run({ solveTimes: true }, stage.context);
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text, sessions: stage.records.sessions };
}

describe('captcha budget --solve-times', () => {
  it('shows what was learnt of each method, without a session', async () => {
    const { exitCode, out, err, sessions } = await shown({ solveTimes: [turnstile] });
    expect({ exitCode, err, sessions }).toEqual({ exitCode: 0, err: '', sessions: [] });
    expect(out).toMatch(/method\W+solved\W+p50\W+p95\W+polls after/);
    expect(out).toMatch(/turnstile\W+20\W+5\.5s\W+6s\W+3s, 5s, 6\.5s, 8s, 12s, 15s, …/);
  });

  it('shows all of it as JSON, in the order of the methods', async () => {
    const solveTimes = [turnstile, { method: 'base64', samples: [{ notReadyMs: 0, readyMs: 1_000 }], planMs: [900] }];
    const { out } = await shown({ solveTimes, globals: { json: true } });
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 1,
      scope: 'host',
      baseUrl: expect.stringContaining('https://') as string,
      methods: [
        { method: 'base64', count: 1, p50Ms: 500, p95Ms: 500, pollsAtMs: [900] },
        {
          method: 'turnstile',
          count: 20,
          p50Ms: 5_500,
          p95Ms: 5_950,
          pollsAtMs: [3_000, 5_000, 6_500, 8_000, 12_000, 15_000, 20_000],
        },
      ],
    });
  });

  it('says that nothing is known yet', async () => {
    expect((await shown({ solveTimes: [] })).err).toContain('no solve time of https://ocr.captchaai.com is known yet');
  });

  it('says that every process keeps its own', async () => {
    const { out, err } = await shown({ globals: { json: true } });
    expect(JSON.parse(out)).toMatchObject({ scope: 'process', methods: [] });
    expect(err).toContain('budget.scope is process');
  });
});
