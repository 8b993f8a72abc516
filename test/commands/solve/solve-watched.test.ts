import { afterEach, describe, expect, it, vi } from 'vitest';
import { solveWatched } from '../../../src/commands/solve/command.ts';
import type { SolverEvent } from '../../../src/domain/events.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Task } from '../../../src/domain/task.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { aSolved } from '../../cli/support/outcomes.ts';
import { aFault, aTask } from '../../support/builders.ts';

const about = { taskId: '1', attempt: 1 };
const submitting: SolverEvent = { ...about, type: 'submitting', region: null };
const submitted: SolverEvent = { ...about, type: 'submitted', captchaId: '71', roundTripMs: 250 };
const notReady: SolverEvent = { ...about, type: 'not-ready', captchaId: '71' };
const unsolvable: SolverEvent = {
  ...about,
  type: 'attempt-failed',
  fault: aFault({ kind: 'unsolvable', message: 'the workers gave up' }),
  liveId: null,
};

/** An event while the task is solved. */
type Step = SolverEvent | 'SIGINT' | 'a second passes';

/** Runs these events for one task. */
async function watched(steps: readonly Step[], parts: StageParts = {}) {
  const stage = aStage({
    ...parts,
    solve: async (_task, emit) => {
      for (const step of steps) {
        if (step === 'SIGINT') stage.signals.send('SIGINT');
        else if (step === 'a second passes') await stage.clock.advance(1_000);
        else emit(step);
      }
      return aSolved();
    },
  });
  const outcome = await solveWatched(aTask(), 'fail', stage);
  return { ...stage, outcome };
}

const collect = '  collect it later with: captcha result 71\n';
const underWay = 'stopping: waiting for the id of the running submission (signal again to exit immediately)\n';
const goesOn = `stopping: 71 is paid for and still polled (signal again to exit immediately)\n${collect}`;

describe('the visible progress of a task', () => {
  const steps = [submitting, submitted, notReady];

  it.each([
    [0, []],
    [1, ['attempt 1: submitting', 'attempt 1: accepted as 71 in 250ms']],
    [2, ['attempt 1: submitting', 'attempt 1: accepted as 71 in 250ms', '71: not ready']],
  ])('at verbosity %i is its events up to that level, on stderr', async (verbosity, texts) => {
    const { stdout, stderr } = await watched(steps, { options: { verbosity } });
    expect(stderr.text).toBe(texts.map((text) => `2026-01-02T03:04:05.000Z ${text}\n`).join(''));
    expect(stdout.text).toBe('');
  });

  it('in JSON logs is every event as an object', async () => {
    const { stderr } = await watched([submitted], { options: { verbosity: 1, logFormat: 'json' } });
    expect(JSON.parse(stderr.text)).toMatchObject({ message: 'attempt 1: accepted as 71 in 250ms', event: submitted });
  });
});

describe('a watched task', () => {
  it('ends in the outcome of the solver, which gets the task and the behaviour without a token', async () => {
    const task: Task = aTask();
    const stage = aStage({ solve: async (): Promise<Outcome> => aSolved({ taskId: 'x' }) });
    expect((await solveWatched(task, 'wait', stage)).taskId).toBe('x');
    expect(stage.records).toMatchObject({ tasks: [task], onExhausted: 'wait' });
  });

  it('gives the solver a signal that aborts with Ctrl-C', async () => {
    let stopped: boolean[] = [];
    const stage = aStage({
      solve: async (_task, _emit, stop) => {
        stopped = [stop.aborted];
        stage.signals.send('SIGINT');
        stopped.push(stop.aborted);
        return aSolved();
      },
    });
    await solveWatched(aTask(), 'fail', stage);
    expect(stopped).toEqual([false, true]);
  });
});

describe('the first Ctrl-C', () => {
  it('before any submission announces that it stops', async () => {
    const { stderr } = await watched(['SIGINT']);
    expect(stderr.text).toBe('stopping (signal again to exit immediately)\n');
  });

  it('after a submission names the id that is still polled and how to collect it, also under --quiet', async () => {
    const { stderr, signals } = await watched([submitted, 'SIGINT', 'SIGINT'], { options: { quiet: true } });
    expect(stderr.text).toBe(goesOn);
    expect(signals.kills).toEqual([]);
  });

  it('during a submission names the id as soon as there is one', async () => {
    const { stderr } = await watched([submitting, 'SIGINT', submitted]);
    expect(stderr.text).toBe(`${underWay}${goesOn}`);
  });

  it('does not name an id that the service has given up', async () => {
    const { stderr } = await watched([submitted, unsolvable, 'SIGINT']);
    expect(stderr.text).toBe('attempt 1 failed: the workers gave up\nstopping (signal again to exit immediately)\n');
  });
});

describe('the second Ctrl-C', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('shows the cursor again before the process ends', async () => {
    vi.stubEnv('CI', undefined);
    vi.stubEnv('TERM', 'xterm');
    let last = '';
    const stage = aStage({
      stderr: { isTTY: true, columns: 80 },
      solve: async () => {
        stage.signals.send('SIGINT');
        await stage.clock.advance(1_000);
        stage.signals.send('SIGINT');
        last = stage.stderr.text;
        return aSolved();
      },
    });
    await solveWatched(aTask(), 'fail', stage);
    expect(stage.signals.kills).toHaveLength(1);
    expect(last.lastIndexOf('\u001b[?25h')).toBeGreaterThan(last.lastIndexOf('\u001b[?25l'));
  });

  it('names the id that is left and ends the process by the signal', async () => {
    const { stderr, signals } = await watched([submitted, 'SIGINT', 'a second passes', 'SIGINT']);
    expect(stderr.text).toBe(`${goesOn}${collect.trimStart()}`);
    expect(signals.kills).toEqual([[signals.pid, 'SIGINT']]);
  });

  it('is silent if nothing is left', async () => {
    const { stderr, signals } = await watched(['SIGINT', 'a second passes', 'SIGINT']);
    expect(stderr.text).toBe('stopping (signal again to exit immediately)\n');
    expect(signals.kills).toHaveLength(1);
  });

  it('during a submission reports a possible charge', async () => {
    const { stderr, signals } = await watched([submitting, 'SIGINT', 'a second passes', 'SIGINT']);
    expect(stderr.text).toBe(`${underWay}interrupted during a submission: it may have been charged\n`);
    expect(signals.kills).toHaveLength(1);
  });
});
