import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import type {
  Context,
  GlobalFlags,
  MethodSolveTimes,
  SandboxHandle,
  SolveSession,
  SessionRequest,
  UsageView,
} from '../../../src/cli/context.ts';
import type { BatchFiles } from '../../../src/cli/batch-files.ts';
import type { FleetQueues } from '../../../src/cli/fleet/fleet-queues.ts';
import { describeProgram } from '../../../src/cli/command-tree.ts';
import { Interrupt } from '../../../src/cli/interrupt.ts';
import type { SharedState } from '../../../src/cli/shared-state.ts';
import { commands } from '../../../src/commands/command-list.ts';
import type { DoctorTools } from '../../../src/commands/doctor/doctor-tools.ts';
import type { Simulation } from '../../../src/commands/simulate/simulation.ts';
import type { ConfigPlaces } from '../../../src/config/config-places.ts';
import type { LoadedConfig, Override } from '../../../src/config/load.ts';
import { Solver } from '../../../src/core/solve/solver.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Task } from '../../../src/domain/task.ts';
import { SolvedShares, SolveTimes } from '../../../src/core/solve/solve-times.ts';
import type { EventSink, RegionProbe } from '../../../src/ports/api.ts';
import type { StatusHistory } from '../../../src/ports/state.ts';
import { aConfig } from './a-config.ts';
import { aTerminal, type TerminalParts } from './a-terminal.ts';
import { FakeSignals } from './fake-signals.ts';

/** The test's own solver function; `stop` aborts with the first signal. */
export type Solve = (task: Task, emit: EventSink, stop: AbortSignal) => Promise<Outcome>;

export interface StageParts extends TerminalParts {
  readonly globals?: Partial<GlobalFlags>;
  /** The content of the config file. */
  readonly config?: object;
  readonly loaded?: Partial<LoadedConfig>;
  readonly places?: Partial<ConfigPlaces>;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly api?: Partial<SolveSession['api']>;
  readonly solve?: Solve;
  readonly sandbox?: SandboxHandle;
  readonly sharedState?: SharedState;
  readonly solveTimes?: readonly MethodSolveTimes[];
  readonly usage?: UsageView;
  readonly batchFiles?: BatchFiles;
  readonly regionProbe?: RegionProbe;
  readonly statusHistory?: StatusHistory;
  readonly runHook?: Context['runHook'];
  readonly doctor?: DoctorTools;
  readonly simulation?: Simulation;
  readonly queues?: FleetQueues;
  readonly env?: Context['env'];
  /** Whether there is a program that shows manual pages; left out, there is. */
  readonly showsManuals?: boolean;
}

function notCalled(name: string): () => never {
  return () => {
    throw new Error(`${name} was not expected`);
  };
}

const silentApi: SolveSession['api'] = {
  submit: notCalled('submit'),
  poll: notCalled('poll'),
  balance: notCalled('balance'),
  threads: notCalled('threads'),
  report: notCalled('report'),
};

/** A solver with a function of the test; a plain object cannot replace the real one, which has private state. */
class ScriptedSolver extends Solver {
  readonly #solve: (task: Task, stop: AbortSignal) => Promise<Outcome>;

  constructor(solve: (task: Task, stop: AbortSignal) => Promise<Outcome>) {
    super(...([{}, {}] as unknown as ConstructorParameters<typeof Solver>));
    this.#solve = solve;
  }

  override solve(task: Task, stop: AbortSignal): Promise<Outcome> {
    return this.#solve(task, stop);
  }
}

/** Records of the context's calls while a command ran. */
export interface Records {
  readonly sessions: SessionRequest[];
  readonly configs: (readonly Override[])[];
  readonly created: { readonly path: string; readonly text: string }[];
  readonly tasks: Task[];
  onExhausted: 'fail' | 'wait' | 'pause' | null;
  closedSessions: number;
  readonly shownManuals: string[];
  healthServer: { readonly place: object; readonly answer: Parameters<Context['healthServer']>[1] } | null;
}

/** A context without real effects that records everything. */
export function aStage(parts: StageParts = {}) {
  const streams = aTerminal(parts);
  const clock = new VirtualClock(Date.UTC(2026, 0, 2));
  const signals = new FakeSignals();
  const records: Records = {
    sessions: [],
    configs: [],
    created: [],
    tasks: [],
    onExhausted: null,
    closedSessions: 0,
    healthServer: null,
    shownManuals: [],
  };
  const config = aConfig(parts.config);
  const session: SolveSession = {
    config,
    api: { ...silentApi, ...parts.api },
    intervalMs: 5_000,
    timing: () => ({ firstWaitMs: null, intervalMs: 5_000, coldStartMs: [3_000, 5_000], lifetimeMs: 120_000 }),
    solvedShares: new SolvedShares(new SolveTimes(null, { clock })),
    accountId: 'test',
    onNewKey: () => undefined,
    requestCount: () => 0,
    requestCounts: () => ({ submit: {}, solve: {}, poll: {}, account: {} }),
    budgetFacts: () => null,
    solver: (emit, { onExhausted }) => {
      records.onExhausted = onExhausted;
      return new ScriptedSolver((task, stop) => {
        records.tasks.push(task);
        return (parts.solve ?? notCalled('solve'))(task, emit, stop);
      });
    },
    close: async () => {
      records.closedSessions += 1;
    },
  };
  const context: Context = {
    globals: { config: null, json: false, sandbox: false, ...parts.globals },
    args: [],
    env: parts.env ?? {},
    program: { version: '1.2.3', process: 'here-1' },
    terminal: streams.terminal,
    interrupt: new Interrupt(signals, () => clock.nowMs()),
    clock,
    random: seededRandom(1),
    config: async (overrides) => {
      records.configs.push(overrides);
      return { config, settings: [], file: null, ownFile: null, keySource: null, warnings: [], ...parts.loaded };
    },
    configSchema: async () => ({ title: 'the schema' }),
    configPlaces: async () => ({ file: null, own: null, considered: [], ...parts.places }),
    startingConfig: async (format) => `a config file as ${format}\n`,
    createFile: async (path, text) => {
      records.created.push({ path, text });
      return `/work/${path}`;
    },
    session: async (request) => {
      records.sessions.push(request);
      return session;
    },
    batchFiles: async () => parts.batchFiles ?? notCalled('batchFiles')(),
    regionProbe: async () => parts.regionProbe ?? notCalled('regionProbe')(),
    routeFiles: notCalled('routeFiles'),
    queues: async () => parts.queues ?? notCalled('queues')(),
    healthServer: async (place, answer) => {
      records.healthServer = { place, answer };
      return { url: `http://${place.host}:${place.port}`, close: async () => undefined };
    },
    simulation: async () => parts.simulation ?? notCalled('simulation')(),
    doctor: async () => parts.doctor ?? notCalled('doctor')(),
    sharedState: async () => parts.sharedState ?? null,
    usage: async () => parts.usage ?? null,
    solveTimes: async () => parts.solveTimes ?? null,
    statusHistory: async () => parts.statusHistory ?? { read: () => new Map(), write: () => undefined },
    runHook: parts.runHook ?? notCalled('runHook'),
    commandTree: () => describeProgram(commands, '1.2.3'),
    showManual: async (page) => {
      records.shownManuals.push(page);
      return parts.showsManuals ?? true;
    },
    scriptSandbox: () => undefined,
    sandbox: async () => parts.sandbox ?? notCalled('sandbox')(),
    read: async (path) => Buffer.from(parts.files?.[path] ?? notCalled(`reading ${path}`)()),
  };
  return { ...streams, context, session, clock, signals, records };
}
