// Preload with `node --import`: makes the clocks and timers of a process BENCH_SCALE times as fast. Service and clients of
// a benchmark all use it. So only the computer and the loopback connection seem slower than they are, by the same factor.
import { performance } from 'node:perf_hooks';

const scale = Number(process.env.BENCH_SCALE ?? 1);
/** The moment at which the wall clocks of all processes were right, in ms since the epoch. */
const epoch = Number(process.env.BENCH_EPOCH ?? Date.now());

const { now: realNow } = performance;
const startedMs = realNow.call(performance);
performance.now = () => startedMs + (realNow.call(performance) - startedMs) * scale;

const realDate = Date.now;
Date.now = () => Math.round(epoch + (realDate() - epoch) * scale);

const { setTimeout: realTimeout, setInterval: realInterval } = globalThis;
globalThis.setTimeout = (callback, ms = 0, ...args) => realTimeout(callback, ms / scale, ...args);
globalThis.setInterval = (callback, ms = 0, ...args) => realInterval(callback, ms / scale, ...args);

// Processes compare readings of this clock, so it has no start of its own.
const realTime = process.hrtime.bigint;
const scaledTime = () => realTime() * BigInt(scale);
process.hrtime = Object.assign(
  ([seconds, nanoseconds] = [0, 0]) => {
    const ns = scaledTime() - (BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
    return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
  },
  { bigint: scaledTime },
);
