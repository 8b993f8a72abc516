// The best that planned polling can do: the plan of the production code for exactly known solve times, without a network.
import { build } from 'esbuild';
import { solveTimes } from './models.js';

const source = new URL('../../src/core/solve/poll-plan.ts', import.meta.url).pathname;
const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: 'esm', write: false });
const [{ text }] = outputFiles;
const { planPolls } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
const intervalMs = 5_000;
const known = 400;

function polled(planMs, solveMs) {
  const after = planMs.findIndex((ms) => ms >= solveMs);
  if (after >= 0) return { delayMs: planMs[after] - solveMs, polls: after + 1 };
  const last = planMs.at(-1) ?? 0;
  const more = Math.ceil((solveMs - last) / intervalMs);
  return { delayMs: last + more * intervalMs - solveMs, polls: planMs.length + more };
}

/** Delays in ms, and polls, for the solve times that a service of this model draws. */
export function plannedFloor(model, tasks) {
  const spans = solveTimes(model, known, 2).map((ms) => ({ fromMs: ms, toMs: ms, weight: 1 }));
  const planMs = planPolls(spans, intervalMs);
  const all = solveTimes(model, tasks, 1).map((solveMs) => polled(planMs, solveMs));
  return {
    delaysMs: all.map(({ delayMs }) => delayMs),
    polls: all.reduce((sum, each) => sum + each.polls, 0),
    accepted: tasks,
  };
}
