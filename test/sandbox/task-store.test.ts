import { describe, expect, it } from 'vitest';
import { givenSolution } from '../../src/sandbox/make-solution.ts';
import { type TaskDraft, TaskStore } from '../../src/sandbox/task-store.ts';
import { manualClock } from './running-sandbox.ts';

const resultKeptMs = 1_000;

function createStore() {
  const clock = manualClock();
  const store = new TaskStore({ clock, resultKeptMs, firstId: 3_000_000_000 });
  const accept = (special: Partial<TaskDraft> = {}) =>
    store.accept({
      method: 'turnstile',
      solve: () => givenSolution('token'),
      latencyMs: 100,
      fingerprint: 'same',
      ...special,
    });
  return { clock, store, accept };
}

describe('a task', () => {
  it('holds a thread until it is solved', () => {
    const { clock, store, accept } = createStore();
    const task = accept();
    accept({ latencyMs: 50 });
    expect(store.counts()).toMatchObject({ accepted: 2, workingThreads: 2, solved: 0 });
    clock.advance(99);
    expect(store.isReady(task)).toBe(false);
    expect(store.counts()).toMatchObject({ workingThreads: 1, solved: 1 });
    clock.advance(1);
    expect(store.isReady(task)).toBe(true);
    expect(store.counts()).toMatchObject({ workingThreads: 0, solved: 2, threadsHighWater: 2 });
  });

  it('frees its thread without counting as solved when it is unsolvable', () => {
    const { clock, store, accept } = createStore();
    accept({ solve: () => null });
    clock.advance(100);
    expect(store.counts()).toMatchObject({ workingThreads: 0, solved: 0 });
  });

  it('is forgotten when its time is over, even after one that is not', () => {
    const { clock, store, accept } = createStore();
    const slow = accept({ latencyMs: 5_000 });
    const task = accept();
    clock.advance(1_099);
    expect(store.find(task.id)).toBe(task);
    clock.advance(1);
    expect(store.find(task.id)).toBeNull();
    expect(store.find(slow.id)).toBe(slow);
  });

  it('is collected once, however often it is polled', () => {
    const { store, accept } = createStore();
    const task = accept();
    store.collect(task);
    store.collect(task);
    expect(store.counts().collected).toBe(1);
  });

  it('gets a unique id above 31 bits', () => {
    const { accept } = createStore();
    expect([accept().id, accept().id]).toEqual(['3000000000', '3000000001']);
  });
});

describe('a duplicate', () => {
  it('is an accepted submission equal to one that is in work or solved', () => {
    const { clock, store, accept } = createStore();
    accept();
    accept({ fingerprint: 'other' });
    accept();
    clock.advance(100);
    accept();
    expect(store.counts().duplicates).toBe(2);
  });

  it('does not exist if the earlier submission failed', () => {
    const { clock, store, accept } = createStore();
    accept({ solve: () => null });
    clock.advance(100);
    accept();
    expect(store.counts().duplicates).toBe(0);
  });

  it('does not exist if the earlier submission is forgotten', () => {
    const { clock, store, accept } = createStore();
    accept();
    clock.advance(100 + resultKeptMs);
    accept();
    expect(store.counts().duplicates).toBe(0);
  });
});
