import { describe, expect, it } from 'vitest';
import { type ResultFlags, run } from '../../../src/commands/result/command.ts';
import { describeFault, type Fault, type FaultKind, ProviderFault } from '../../../src/domain/fault.ts';
import type { PollAnswer } from '../../../src/ports/api.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

type Answer = PollAnswer | Fault;

const notReady: Answer = { ready: false };
const solvedAs = (text: string, fields = {}): Answer => ({ ready: true, solution: { text, fields } });
const faulty = (kind: FaultKind, code: string | null = null): Answer =>
  describeFault({ kind, code, message: `a ${kind} fault` });

/** A service with these answers per id, in order; the last one is repeated. */
function anApi(answers: Record<string, readonly Answer[]>) {
  const looks: string[] = [];
  const poll = async (captchaId: string): Promise<PollAnswer> => {
    const earlier = looks.filter((id) => id === captchaId).length;
    looks.push(captchaId);
    const known = answers[captchaId] ?? [];
    const answer = known[Math.min(earlier, known.length - 1)];
    if (answer === undefined) throw new Error(`no answer for ${captchaId}`);
    if ('kind' in answer) throw new ProviderFault(answer);
    return answer;
  };
  return { looks, poll };
}

async function collected(
  answers: Record<string, readonly Answer[]>,
  flags: Partial<ResultFlags> = {},
  parts: StageParts = {},
) {
  const { looks, poll } = anApi(answers);
  const stage = aStage({ ...parts, api: { poll } });
  const running = run({ ids: Object.keys(answers), wait: true, ...flags }, stage.context);
  const [exitCode] = await Promise.all([running, stage.clock.run()]);
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text, looks, ...stage };
}

describe('ids that are solved', () => {
  it('are one line each, in the order of the arguments, whichever is ready first', async () => {
    const answers = { 'id-2': [notReady, notReady, solvedAs('two')], 'id-1': [solvedAs('one')] };
    expect(await collected(answers)).toMatchObject({
      ...{ exitCode: 0, out: 'two\none\n', err: 'id-2: not ready; waiting for up to 5m 00s\n' },
    });
  });

  it("are polled at once and then at the session's interval", async () => {
    const { clock, looks } = await collected({ a: [notReady, solvedAs('x')] });
    expect(looks).toEqual(['a', 'a']);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(4_750);
    expect(clock.nowMs()).toBeLessThan(6_000);
  });

  it('are polled at the same time', async () => {
    const { clock } = await collected({ a: [notReady, solvedAs('x')], b: [notReady, solvedAs('y')] });
    expect(clock.nowMs()).toBeLessThan(6_000);
  });

  it('survive failed polls, which are reported with -v', async () => {
    const answers = { a: [faulty('transport'), solvedAs('x')] };
    expect(await collected(answers)).toMatchObject({ exitCode: 0, out: 'x\n', err: '' });
    const { err } = await collected(answers, {}, { options: { verbosity: 1 } });
    const lines = ['a: first poll in \\d+ms', 'a: poll failed \\(a transport fault\\); still polling the same id'];
    expect(err).toMatch(new RegExp(`^${lines.map((line) => `\\S+Z ${line}\n`).join('')}$`));
  });
});

describe('ids without a solution', () => {
  it('are an empty line, so that lines match the arguments, with the reason on stderr', async () => {
    const answers = { a: [solvedAs('one')], b: [faulty('unsolvable')], c: [solvedAs('three')] };
    const { exitCode, out, err } = await collected(answers);
    expect({ exitCode, out, err }).toEqual({ exitCode: 1, out: 'one\n\nthree\n', err: 'b: a unsolvable fault\n' });
  });

  it.each<[FaultKind, number]>([
    ['unsolvable', 1],
    ['rejected', 1],
    ['account', 3],
  ])('because of a fault of kind %s exit %i', async (kind, exitCode) => {
    expect((await collected({ a: [faulty(kind)] })).exitCode).toBe(exitCode);
  });

  it('by the timeout exit 4 and stay collectable', async () => {
    const { exitCode, out, err, clock } = await collected(
      { a: [notReady] },
      {},
      { config: { solve: { timeout: '60s' } } },
    );
    expect({ exitCode, out }).toEqual({ exitCode: 4, out: '\n' });
    expect(err).toBe(
      'a: not ready; waiting for up to 1m 00s\na: not solved in time; a is paid for and may still be solved\n',
    );
    expect(clock.nowMs()).toBeLessThanOrEqual(60_000);
  });

  it('exit with the worst of their codes', async () => {
    const answers = { a: [solvedAs('x')], b: [faulty('unsolvable')], c: [notReady] };
    expect((await collected(answers, { wait: false })).exitCode).toBe(4);
  });
});

describe('--no-wait', () => {
  it('polls each id once', async () => {
    const { exitCode, out, err, looks } = await collected({ a: [notReady], b: [solvedAs('x')] }, { wait: false });
    expect({ exitCode, out, err }).toEqual({ exitCode: 4, out: '\nx\n', err: 'a: not ready yet\n' });
    expect(looks).toEqual(['a', 'b']);
  });

  it.each<[FaultKind, number]>([
    ['transport', 4],
    ['throttled', 4],
    ['unsolvable', 1],
    ['account', 3],
  ])('does not poll again after a fault of kind %s, and exits %i', async (kind, exitCode) => {
    const { looks, ...ended } = await collected({ a: [faulty(kind)] }, { wait: false });
    expect(ended.exitCode).toBe(exitCode);
    expect(looks).toHaveLength(1);
  });
});

describe('--json', () => {
  it('is one document with the ids in order, each with the same keys', async () => {
    const answers = {
      a: [solvedAs('one', { part: 1 })],
      b: [faulty('unsolvable', 'ERROR_CAPTCHA_UNSOLVABLE')],
      c: [notReady],
      d: [faulty('transport')],
    };
    const { out } = await collected(answers, { wait: false }, { globals: { json: true } });
    const nothing = { solution: null, fields: {}, code: null };
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 1,
      results: [
        { captchaId: 'a', status: 'solved', solution: 'one', fields: { part: 1 }, code: null, message: null },
        {
          ...nothing,
          captchaId: 'b',
          status: 'failed',
          code: 'ERROR_CAPTCHA_UNSOLVABLE',
          message: 'a unsolvable fault',
        },
        { ...nothing, captchaId: 'c', status: 'not-ready', message: 'not ready yet' },
        { ...nothing, captchaId: 'd', status: 'unknown', message: 'a transport fault' },
      ],
    });
  });
});

describe('the session', () => {
  it('is opened with the flags, and closed', async () => {
    const { records } = await collected({ a: [solvedAs('x')] }, { timeout: '5s', allowFastPolling: true });
    expect(records.sessions).toEqual([
      { overrides: [{ path: 'solve.timeout', value: '5s', from: '--timeout' }], allowFastPolling: true },
    ]);
    expect(records.closedSessions).toBe(1);
  });
});

describe('a reader that has gone', () => {
  it('ends the command at once, even if other ids are still polled', async () => {
    const { looks, poll } = anApi({ a: [notReady, solvedAs('one')], b: [solvedAs('two')], c: [notReady] });
    const stage = aStage({ api: { poll }, stdout: { writesBeforeError: 1 } });
    const running = run({ ids: ['a', 'b', 'c'], wait: true }, stage.context);
    await Promise.all([expect(running).rejects.toMatchObject({ code: 'EPIPE' }), stage.clock.run()]);
    expect(stage.stdout.text).toBe('one\n');
    expect(stage.records.closedSessions).toBe(1);
    expect(looks).toContain('c');
    expect(stage.clock.nowMs()).toBeLessThan(6_000);
  });
});

describe('a bug', () => {
  it('for a later id ends the command without an unhandled rejection', async () => {
    const stage = aStage({ api: anApi({ a: [notReady, notReady, solvedAs('one')] }) });
    const running = run({ ids: ['a', 'unknown'], wait: true }, stage.context);
    await Promise.all([expect(running).rejects.toThrow('no answer for unknown'), stage.clock.run()]);
    expect(stage.stdout.text).toBe('one\n');
  });
});
