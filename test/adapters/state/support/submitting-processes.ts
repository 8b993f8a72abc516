import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { hostNowMs } from '../../../../src/adapters/state/host-clock.ts';
import { readPresent } from '../../../../src/adapters/state/read-history.ts';
import { ResilienceState } from '../../../../src/core/resilience/resilience-state.ts';
import { usualBreaker, usualBudget } from '../../../support/solver-harness.ts';
import type { Program } from './children.ts';

export interface Rush {
  readonly processes: number;
  readonly kills: number;
  /** Submissions per hour. */
  readonly limit: number;
  /** The log is sealed above this size. */
  readonly bytes: number;
  readonly thinkMs: number;
}

export interface RushReport {
  /** Submissions that processes reported. A killed one may have counted one more. */
  readonly sent: number;
  /** Submissions that the log has counted. */
  readonly counted: number;
  readonly warnings: readonly string[];
}

const saysSent = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => {
    child.stdout?.on('data', (said: Buffer) => said.includes('sent') && resolve(null));
    child.once('close', resolve);
  });

/** Starts all processes at once. Some are killed with SIGKILL after their first submission; the others end at the limit. */
export async function rush(program: Program, name: string, plan: Rush): Promise<RushReport> {
  const folder = join(program.folder, name);
  const args = [program.path, folder, plan.limit, plan.bytes, plan.thinkMs].map(String);
  const children = Array.from({ length: plan.processes }, () =>
    spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const said = children.map((child) => text(child.stdout));
  const ended = children.map((child) => once(child, 'close'));
  await Promise.all(
    children.slice(0, plan.kills).map(async (child) => {
      await saysSent(child);
      child.kill('SIGKILL');
    }),
  );
  await Promise.all(ended);
  const lines = (await Promise.all(said)).flatMap((each) => each.split('\n'));
  const state = new ResilienceState({ budget: usualBudget, breaker: usualBreaker }, hostNowMs());
  readPresent(folder, state);
  return {
    sent: lines.filter((line) => line === 'sent').length,
    counted: state.rules.uses(hostNowMs())[0]?.used ?? 0,
    warnings: lines.filter((line) => line.startsWith('warning')),
  };
}
