import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bootSessionIn, namespaceOf, stateOf, thisProcess } from '../../../src/adapters/state/process-identity.ts';

const me = thisProcess();
const endedPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

describe('the identity of a process', () => {
  it('is its pid, its start, and the scope of both', () => {
    expect(me.pid).toBe(process.pid);
    expect(me.space).not.toBe('');
  });

  it.runIf(process.platform === 'linux')('names the boot and the PID namespace', () => {
    expect(me.space).toMatch(new RegExp(`^[0-9a-f-]{36}/${namespaceOf('pid')}/`));
    expect(me.start).toMatch(/^\d+$/);
  });
});

describe('the state of a process', () => {
  it('is running for this one, and ended for one whose pid is free', () => {
    expect(stateOf(me)).toBe('running');
    expect(stateOf({ ...me, pid: endedPid() })).toBe('ended');
  });

  it.runIf(process.platform === 'linux')('is ended where another process has the pid by now', () => {
    expect(stateOf({ ...me, start: '1' })).toBe('ended');
  });

  it('does not depend on the name of the machine', () => {
    expect(stateOf({ ...me, host: 'renamed' })).toBe('running');
    expect(stateOf({ ...me, host: 'renamed', pid: endedPid() })).toBe('ended');
  });

  it("is unknown in another boot or PID namespace, whatever the machine's name", () => {
    expect(stateOf({ ...me, space: 'another', pid: endedPid() })).toBe('unknown');
    expect(stateOf({ ...me, space: 'another' })).toBe('unknown');
  });

  it('is unknown if a process has the pid, and its start is not known', () => {
    expect(stateOf({ ...me, pid: process.ppid, start: null })).toBe('unknown');
    expect(stateOf({ ...me, pid: endedPid(), start: null })).toBe('ended');
  });

  it.each([0, -1, Number.NaN])('is unknown for the invalid pid %d', (pid) => {
    expect(stateOf({ ...me, pid })).toBe('unknown');
  });
});

describe('the boot of macOS', () => {
  it.each<[string, () => string, string | null]>([
    ['as sysctl prints it', () => '0A1B2C3D-1111-2222-3333-444455556666\n', '0a1b2c3d-1111-2222-3333-444455556666'],
    ['as anything else', () => 'kern.bootsessionuuid: unknown\n', null],
    [
      'by a program that is not there',
      () => {
        throw new Error('ENOENT');
      },
      null,
    ],
  ])('is read %s', (_how, ask, boot) => {
    expect(bootSessionIn(ask)).toBe(boot);
  });
});
