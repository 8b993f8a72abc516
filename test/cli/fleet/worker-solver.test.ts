import { describe, expect, it } from 'vitest';
import { createWorkerSolver } from '../../../src/cli/fleet/embedded-workers.ts';
import { defaultSolveOptions } from '../../../src/core/solve/solve-options.ts';
import type { Task } from '../../../src/domain/task.ts';
import { anImage, imageText } from '../../support/an-image.ts';
import { aStage } from '../support/a-stage.ts';
import { aSolved } from '../support/outcomes.ts';

const queued: Task = {
  ...{ taskId: '1', method: 'turnstile', sitekey: '0x4', pageurl: 'https://example.com/', body: null, params: {} },
  ...{ region: 'eu', rule: null },
};
const picture: Task = { ...queued, method: 'base64', sitekey: null, pageurl: null };

/** The outcome of a queued task in a worker, and its submissions. */
async function worked(task: Task, accepted: { captchaId: string; submittedAt: number } | null = null) {
  const stage = aStage({ solve: async () => aSolved(), config: { policy: { deny: ['pay.example.com'] } } });
  const never = new AbortController().signal;
  const solver = createWorkerSolver(stage.session, () => undefined)(never, {});
  const outcome = await solver.solve(task, never, { ...defaultSolveOptions, accepted });
  return { outcome, submitted: stage.records.tasks };
}

describe('a worker', () => {
  it.each<[string, Task, string, string]>([
    ['whose page is none', { ...queued, pageurl: 'not a url' }, 'rejected', 'contains a space'],
    ['without a page', { ...queued, pageurl: null }, 'rejected', 'turnstile needs the page URL'],
    ['whose image is a text', { ...picture, body: 'hello world' }, 'rejected', 'body is text'],
    ['whose image is too small', { ...picture, body: anImage('png', 50).toString('base64') }, 'rejected', '50 bytes'],
    ['with a key of its own', { ...queued, params: { key: 'x' } }, 'rejected', 'the parameter key is set by'],
    ['with json of its own', { ...queued, params: { json: '0' } }, 'rejected', 'the parameter json is set by'],
    ['with a pingback of its own', { ...queued, params: { pingback: 'http://x' } }, 'rejected', 'pingback cannot come'],
    ['that its policy denies', { ...queued, pageurl: 'https://pay.example.com/' }, 'policy-denied', 'policy.deny'],
  ])('does not pay for a task %s', async (_what, task, reason, message) => {
    const { outcome, submitted } = await worked(task);
    const failed = { status: 'failed', reason, attempts: [], possiblyCharged: false };
    expect(outcome).toMatchObject({ ...failed, message: expect.stringContaining(message) as string });
    expect(submitted).toEqual([]);
  });

  it('submits any other task, with its image as bare base64', async () => {
    expect((await worked({ ...queued, params: { action: 'login' } })).submitted).toHaveLength(1);
    const { submitted } = await worked({ ...picture, params: { body: `data:image/png;base64,${imageText()}` } });
    expect(submitted).toMatchObject([{ body: imageText(), params: {} }]);
  });

  it('lets only its own configuration, and tasks of its own process, set a pingback', async () => {
    const params = { pingback: 'https://me.example/hook' };
    const config = { regions: [{ name: 'eu', params }] };
    const task = { ...queued, params };
    const never = new AbortController().signal;
    for (const [isOwn, parts, count] of [
      [false, config, 1],
      [true, {}, 1],
      [false, {}, 0],
    ] as const) {
      const stage = aStage({ solve: async () => aSolved(), config: parts });
      await createWorkerSolver(stage.session, () => undefined, { isOwn })(never, {}).solve(task, never, {
        ...defaultSolveOptions,
        accepted: null,
      });
      expect(stage.records.tasks).toHaveLength(count);
    }
  });

  it('collects a paid solution for any task', async () => {
    const accepted = { captchaId: '71', submittedAt: 0 };
    expect((await worked({ ...queued, pageurl: 'not a url' }, accepted)).outcome.status).toBe('solved');
  });
});
