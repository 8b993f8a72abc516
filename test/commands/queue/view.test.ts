import { describe, expect, it } from 'vitest';
import { deadReport, renderDead, renderRequeued } from '../../../src/commands/queue/view.ts';
import type { DeadTask } from '../../../src/ports/queues.ts';
import { aQueuedTask, keyOf } from '../../support/queued.ts';

const id = `run-a-${keyOf(1)}`;
const why = 'delivered 21 times without a result';
const letter = (special: Partial<DeadTask> = {}): DeadTask => ({
  ...{ id, queued: aQueuedTask(1), reason: why, deliveries: 21, ...special },
});
const paidFor = letter({
  queued: aQueuedTask(1, { progress: { state: 'submitted', attempts: 1, captchaId: '777', submittedAt: 1 } }),
});
const reportOf = (deadTasks: readonly DeadTask[], count: number | null = deadTasks.length) =>
  deadReport({ region: 'us-east-1', deadTasks, count });

describe('the list of dead letters', () => {
  it('has a line for each in a pipe, with all details', () => {
    const [head, line] = renderDead(reportOf([paidFor]), null)
      .trimEnd()
      .split('\n');
    expect(head?.split(/ {2,}/)).toEqual(['id', 'task', 'method', 'page', 'deliveries', 'paid for', 'reason']);
    expect(line).toMatch(new RegExp(`^${id} +t1 .* 21 +777 +${why}$`));
  });

  it('shows the full id on a screen of any width, so that it can be copied', () => {
    const lines = renderDead(reportOf([letter(), paidFor]), 40).split('\n');
    expect(lines[0]).toBe(id);
    expect(lines[1]).toMatch(/^ {2}t1, /);
    expect(lines[2]).toBe(`  ${why}`);
    expect(lines[5]).toBe(`  ${why}; 777 is paid for`);
  });

  it('shows messages that are no tasks by their own ids', () => {
    const foreign = letter({ id: 'message-1', queued: null, reason: 'the message is not a task', deliveries: 1 });
    expect(renderDead(reportOf([foreign]), 80)).toBe('message-1\n  not a task\n  the message is not a task\n');
    expect(renderDead(reportOf([foreign]), null)).toMatch(/\nmessage-1 +- +- +- +1 +- +the message is not a task\n$/);
    expect(reportOf([foreign]).dead).toMatchObject([{ id: 'message-1', taskId: null, method: null }]);
  });

  it('shows no reason for dead letters of SQS', () => {
    expect(renderDead(reportOf([letter({ reason: null, deliveries: 5 })]), 80)).toContain('  delivered 5 times\n');
  });

  it('shows their number if they are too many to list', () => {
    expect(renderDead(reportOf([letter()], 2_001), 80)).toMatch(/\n\.\.\. and 2,000 more\n$/);
    expect(renderDead(reportOf([letter()], null), 80)).not.toContain('more');
  });

  it('reports that there are none', () => {
    expect(renderDead(reportOf([]), 80)).toBe('No dead letters in us-east-1.\n');
  });
});

describe('the message about requeued tasks', () => {
  it.each([
    [0, '0 tasks requeued\n'],
    [1, '1 task requeued\n'],
    [1_200, '1,200 tasks requeued\n'],
  ])('%i', (count, text) => {
    expect(renderRequeued(count)).toBe(text);
  });
});
