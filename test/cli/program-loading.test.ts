import { beforeEach, describe, expect, it, vi } from 'vitest';
import { runIn } from './support/run-in.ts';

const loaded = vi.hoisted(() => [] as string[]);

vi.mock('../../src/commands/solve/command.ts', (load) => (loaded.push('solve'), load()));
vi.mock('../../src/commands/batch/command.ts', (load) => (loaded.push('batch'), load()));
vi.mock('../../src/commands/route/command.ts', (load) => (loaded.push('route'), load()));
vi.mock('../../src/commands/health/command.ts', (load) => (loaded.push('health'), load()));
vi.mock('../../src/commands/failover/command.ts', (load) => (loaded.push('failover'), load()));
vi.mock('../../src/commands/doctor/command.ts', (load) => (loaded.push('doctor'), load()));
vi.mock('../../src/commands/result/command.ts', (load) => (loaded.push('result'), load()));
vi.mock('../../src/commands/balance/command.ts', (load) => (loaded.push('balance'), load()));
vi.mock('../../src/commands/threads/command.ts', (load) => (loaded.push('threads'), load()));
vi.mock('../../src/commands/report/command.ts', (load) => (loaded.push('report'), load()));
vi.mock('../../src/commands/config/command.ts', (load) => (loaded.push('config'), load()));
vi.mock('../../src/commands/sandbox/command.ts', (load) => (loaded.push('sandbox'), load()));

describe('a command line', () => {
  beforeEach(() => {
    loaded.length = 0;
  });

  // Each module is loaded once per file, so each row uses another one.
  it.each([
    [['--help'], []],
    [['slove'], []],
    [['config', 'schema'], ['config']],
    [['help', 'solve'], ['solve']],
    [['threads', '--help'], ['threads']],
    [['result'], ['result']],
  ])('%j loads %j and no other command', async (args, modules) => {
    await runIn(args).catch(() => undefined);
    expect(loaded).toEqual(modules);
  });
});
