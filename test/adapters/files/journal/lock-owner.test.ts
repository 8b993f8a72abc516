import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { mayBeAlive, parseOwner, thisProcess } from '../../../../src/adapters/files/journal/lock-owner.ts';

const me = thisProcess(1234);
const endedPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

describe('the owner of a lock', () => {
  it('is written and read without loss', () => {
    expect(parseOwner(JSON.stringify(me))).toEqual(me);
    expect(me).toMatchObject({ pid: process.pid, startedAt: 1234 });
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"pid":0,"host":"h","startedAt":1}',
    '{"pid":-1,"host":"h","startedAt":1}',
    '{"pid":"7","host":"h","startedAt":1}',
    '{"pid":7,"startedAt":1}',
  ])('is nobody in %j', (content) => expect(parseOwner(content)).toBeNull());

  it('may be alive: this process, its parent, one of another user, one of another host', () => {
    expect(mayBeAlive(me)).toBe(true);
    expect(mayBeAlive({ ...me, pid: process.ppid, processStart: null })).toBe(true);
    expect(mayBeAlive({ ...me, pid: 1, processStart: null })).toBe(true);
    expect(mayBeAlive({ ...me, pid: endedPid(), host: 'elsewhere' })).toBe(true);
  });

  it('is dead when its process has ended', () => {
    expect(mayBeAlive({ ...me, pid: endedPid() })).toBe(false);
  });

  it.runIf(process.platform === 'linux')('is dead when its pid is used by another process', () => {
    expect(mayBeAlive({ ...me, processStart: '1' })).toBe(false);
  });

  it.runIf(process.platform === 'linux')('is dead when the machine was started again', () => {
    expect(mayBeAlive({ ...me, bootId: 'another' })).toBe(false);
  });

  it('is judged by its pid alone where the system tells no more', () => {
    expect(mayBeAlive({ ...me, processStart: null, bootId: null })).toBe(true);
    expect(mayBeAlive({ ...me, pid: endedPid(), processStart: null, bootId: null })).toBe(false);
  });
});
