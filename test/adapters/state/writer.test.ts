import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isProcessDead, processId } from '../../../src/adapters/state/process-identity.ts';

const [, , namespace] = processId.split('.');

function writerOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return `${pid}.${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}.${namespace}`;
}

async function eventually(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 6_000 && !holds(); tries += 1) await sleep(10);
  return holds();
}

describe.runIf(process.platform === 'linux')('a writer', () => {
  it('is alive while it runs, and dead when it is stopped or has ended', async () => {
    const child = spawn('sleep', ['30']);
    const writer = writerOf(child.pid ?? 0);
    expect(isProcessDead(writer)).toBe(false);
    child.kill('SIGSTOP');
    expect(await eventually(() => isProcessDead(writer))).toBe(true);
    child.kill('SIGCONT');
    expect(await eventually(() => !isProcessDead(writer))).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isProcessDead(writer)).toBe(true);
  });

  it.each([
    ['is this process', processId, false],
    ['has a pid that another process got since', `${process.ppid}.1.${namespace}`, true],
    ['lives in another namespace, where pids mean others', `${process.ppid}.1.7`, false],
    ['is nobody', '', false],
  ])('that %s', (_what, writer, gone) => {
    expect(isProcessDead(writer)).toBe(gone);
  });
});
