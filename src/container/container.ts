import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RenewKey } from '../adapters/captchaai/api-connection.ts';
import { readInput } from '../adapters/system/standard-streams.ts';
import { clockUntil, systemClock as clock, systemRandom as random } from '../adapters/system/system-clock.ts';
import type { BatchFiles } from '../cli/batch-files.ts';
import type { CommandNode } from '../cli/command-node.ts';
import type {
  Context,
  GlobalFlags,
  HealthServerHandle,
  MethodSolveTimes,
  SandboxFlags,
  SandboxHandle,
  SolveSession,
  SessionRequest,
  UsageView,
} from '../cli/context.ts';
import { formatMs } from '../cli/format.ts';
import type { FleetQueues } from '../cli/fleet/fleet-queues.ts';
import type { CommandRow } from '../cli/program.ts';
import type { SharedState } from '../cli/shared-state.ts';
import type { Interrupt } from '../cli/interrupt.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { DoctorTools } from '../commands/doctor/doctor-tools.ts';
import type { RouteFiles } from '../commands/route/url-input.ts';
import type { Simulation } from '../commands/simulate/simulation.ts';
import { type ApiKeySource, apiKeySource, keySourceText, loadApiKey } from '../config/api-key.ts';
import type { ConfigPlaces } from '../config/config-places.ts';
import { loadConfig, type LoadedConfig, type Override } from '../config/load.ts';
import { checkPolling, methodTiming } from '../config/polling-advice.ts';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../config/state-folder.ts';
import { SolvedShares } from '../core/solve/solve-times.ts';
import { Solver } from '../core/solve/solver.ts';
import { sandboxRegions } from '../domain/sandbox-regions.ts';
import type { RegionProbe } from '../ports/api.ts';
import type { StatusHistory } from '../ports/state.ts';
import { singleUseInputs } from '../protocol/wire.ts';
import { version } from '../version.ts';
import { createKeyRenewal } from './key-renewal.ts';
import { accountIdOf, createResilience } from './resilience.ts';
import { createSolveEndpoint } from './solve-endpoint.ts';
import { createPollPlanner, learntSolveTimes } from './solve-times.ts';
import { createUsageRecorder, readUsage, type UsageDeps } from './usage.ts';

/** The sandbox needs no polite polling: poll immediately and fast. */
const sandboxPolling = { firstWaitMs: 0, intervalMs: 100 };
const sandboxKey = 'sandbox';

/** Flags come after these. A trial needs no port of its own. */
const sandboxDefaults: readonly Override[] = [{ path: 'worker.healthPort', value: 0, from: '--sandbox' }];

function sandboxOverrides(url: string, scope: 'process' | 'host'): readonly Override[] {
  const values = {
    'api.baseUrl': url,
    regions: sandboxRegions.map((name) => ({ name, health: `${url}/regions/${name}/health`, queue: 'memory:' })),
    'routes.default': sandboxRegions[0],
    'routes.rules': [],
    'budget.scope': scope,
    results: 'memory:',
    'fleet.state': null,
  };
  return Object.entries(values).map(([path, value]) => ({ path, value, from: '--sandbox' }));
}

/** The configured limit of `Retry-After`; `note` hears once that a wait was cut. */
function retryAfterLimit({ retry: { maxRetryAfterMs: maxMs } }: Config, note: (text: string) => void) {
  let isSaid = false;
  const onCut = (askedMs: number): void => {
    if (isSaid) return;
    isSaid = true;
    const asked = `warning: the service asks to wait ${formatMs(askedMs)} (Retry-After)`;
    note(`${asked}; captcha waits ${formatMs(maxMs)} at most (retry.maxRetryAfter)`);
  };
  return { maxMs, onCut };
}

interface ContainerParts {
  readonly globals: GlobalFlags;
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly commands: readonly CommandRow[];
}

/**
 * The composition root: creates what a command may use, each when it is first asked for. What a command does not ask for is
 * not built, nor loaded.
 */
export class Container implements Context {
  readonly globals: GlobalFlags;
  readonly args: readonly string[];
  env: NodeJS.ProcessEnv;
  readonly program: Context['program'];
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly clock = clock;
  readonly random = random;
  readonly #process: NodeJS.Process;
  readonly #commands: readonly CommandRow[];
  /** The service of `--sandbox`, once it was needed. */
  #embedded: Promise<SandboxHandle> | null = null;
  #script: SandboxFlags = {};
  /** The state folder of `--sandbox`; null where nothing is shared. */
  #sandboxState: string | null = null;
  #batchFiles: (BatchFiles & { close(): Promise<void> }) | null = null;
  #regionProbe: (RegionProbe & { close(): Promise<void> }) | null = null;
  #fleet: (FleetQueues & { close(): Promise<void> }) | null = null;
  #sharedState: (SharedState & { close(): Promise<void> }) | null = null;
  #loadedKey: Promise<string> | null = null;
  readonly #loaded = new Map<readonly Override[], Promise<LoadedConfig>>();

  constructor(process: NodeJS.Process, { globals, terminal, interrupt, commands }: ContainerParts) {
    this.#process = process;
    this.#commands = commands;
    this.globals = globals;
    this.args = process.argv.slice(2);
    this.env = process.env;
    this.program = { version, process: `${hostname()}-${process.pid}` };
    this.terminal = terminal;
    this.interrupt = interrupt;
  }

  /** Loads once for one list of overrides: a command asks before it opens a session with the same. */
  readonly config = (overrides: readonly Override[]): Promise<LoadedConfig> => {
    const loading = this.#loaded.get(overrides) ?? this.#load(overrides);
    this.#loaded.set(overrides, loading);
    return loading;
  };

  readonly configSchema = async (): Promise<object> => {
    return (await import('../config/json-schema.ts')).configJsonSchema();
  };

  readonly configPlaces = async (): Promise<ConfigPlaces> => {
    const { findConfigPlaces } = await import('../config/config-places.ts');
    return findConfigPlaces({ cwd: this.#process.cwd(), env: this.env, file: this.globals.config });
  };

  readonly startingConfig = async (format: 'yaml' | 'json'): Promise<string> => {
    return (await import('../config/starting-config.ts')).startingConfig(format);
  };

  readonly createFile = async (path: string, text: string): Promise<string> => {
    return (await import('../adapters/files/create-file.ts')).createFile(resolve(this.#process.cwd(), path), text);
  };

  readonly read = async (path: string, maxBytes?: number): Promise<Uint8Array> => {
    return readInput(path, this.#process.stdin, maxBytes);
  };

  readonly sandbox = async (flags: SandboxFlags): Promise<SandboxHandle> => {
    const [{ startSandbox }, { parseSandboxFlags }] = await Promise.all([
      import('../sandbox/sandbox.ts'),
      import('../sandbox/parse-flags.ts'),
    ]);
    return startSandbox(parseSandboxFlags(flags));
  };

  readonly scriptSandbox: Context['scriptSandbox'] = (flags, { sharesState = false } = {}) => {
    this.#script = flags;
    if (!sharesState || this.#sandboxState !== null) return;
    const folder = mkdtempSync(join(tmpdir(), 'captcha-'));
    this.#sandboxState = folder;
    this.env = { ...this.env, CAPTCHA_STATE_DIR: folder };
    this.interrupt.beforeEnd(() => rmSync(folder, { recursive: true, force: true }));
  };

  /** Opens the service that the configuration names. */
  readonly session = async ({ overrides, allowFastPolling, writer }: SessionRequest): Promise<SolveSession> => {
    const { config, warnings } = await this.config(overrides);
    for (const warning of warnings) this.terminal.note(`warning: ${warning}`);
    if (!this.globals.sandbox) checkPolling(config, allowFastPolling);
    const key = await this.#key(config);
    let tellNewKey: (accountId: string) => void = () => undefined;
    const onNewKey = (found: string): void => tellNewKey(accountIdOf(found));
    const api = await this.#client(config, key, writer === undefined ? null : onNewKey);
    const warn = (message: string): void => this.terminal.note(`warning: ${message}`);
    const accountId = accountIdOf(key);
    const resilience = createResilience(config, { accountId, env: this.env, warn, ...(writer && { writer }) });
    const planner = createPollPlanner(config, { env: this.env, onUnavailable: (why) => this.#noteUnshared(why, 1) });
    const usage = await createUsageRecorder(config, writer, this.#usageDeps(accountId));
    const polling = this.globals.sandbox ? sandboxPolling : {};
    const timing: SolveSession['timing'] = (task) => ({ ...methodTiming(config, task), ...polling });
    return {
      config,
      api,
      timing,
      solvedShares: new SolvedShares(planner.times),
      ...(usage !== null && { usage: usage.recorder }),
      intervalMs: this.globals.sandbox ? sandboxPolling.intervalMs : config.polling.intervalMs,
      accountId,
      onNewKey: (listener) => {
        tellNewKey = listener;
      },
      requestCount: () => api.requestCount(),
      requestCounts: () => api.requestCounts(),
      budgetFacts: () => resilience.facts(),
      solver: (emit, { onExhausted, left, limits = {} }) => {
        const { timeoutMs } = { ...config.solve, ...limits };
        const options = { timeoutMs, limits: { ...config.retry, ...limits }, backoff: config.retry, onExhausted };
        const counted = usage === null ? {} : { usage: usage.recorder };
        const deps = { api, random, emit, timing, planner, ...resilience, ...counted, singleUse: singleUseInputs };
        return new Solver(options, { ...deps, clock: left === undefined ? clock : clockUntil(left, clock) });
      },
      close: async () => {
        try {
          planner.times.write();
          await usage?.close();
          await resilience.close();
        } finally {
          await api.close();
        }
      },
    };
  };

  readonly batchFiles = async (): Promise<BatchFiles> => {
    const { createBatchFiles } = await import('./batch-files.ts');
    this.#batchFiles ??= createBatchFiles(this.#process, this);
    return this.#batchFiles;
  };

  readonly routeFiles = async (): Promise<RouteFiles> => {
    return (await import('./route-files.ts')).createRouteFiles(this.#process);
  };

  readonly regionProbe = async (config: Config): Promise<RegionProbe> => {
    const { createConfiguredRegionProbe } = await import('./region-probe.ts');
    this.#regionProbe ??= createConfiguredRegionProbe(config, this.env);
    return this.#regionProbe;
  };

  readonly queues = async (config: Config): Promise<FleetQueues> => {
    const { createFleetQueues } = await import('./fleet-queues.ts');
    const notify = (message: string): void => this.terminal.note(message);
    this.#fleet ??= createFleetQueues(config, { env: this.env, notify });
    return this.#fleet;
  };

  readonly healthServer = async (...parts: Parameters<Context['healthServer']>): Promise<HealthServerHandle> => {
    const { startHealthServer } = await import('../adapters/health-server/health-server.ts');
    return startHealthServer(...parts);
  };

  readonly doctor = async (): Promise<DoctorTools> => {
    const { createDoctorTools } = await import('./doctor-tools.ts');
    const hide = (key: string): void => this.terminal.hide(key);
    const log = (text: string): void => this.terminal.note(text);
    return createDoctorTools({
      env: this.env,
      sandboxKey: this.globals.sandbox ? sandboxKey : null,
      hide,
      log,
    });
  };

  readonly sharedState = async (config: Config): Promise<SharedState | null> => {
    if (config.budget.scope === 'process') return null;
    const key = await this.#key(config);
    const { createSharedState } = await import('./shared-state.ts');
    this.#sharedState ??= createSharedState(config, { accountId: accountIdOf(key), env: this.env });
    return this.#sharedState;
  };

  readonly solveTimes = async (config: Config): Promise<readonly MethodSolveTimes[] | null> => {
    if (config.budget.scope === 'process') return null;
    return learntSolveTimes(config, { env: this.env, onUnavailable: (why) => this.#noteUnshared(why, 0) });
  };

  readonly usage = async (config: Config, sinceHour: number): Promise<UsageView | null> => {
    if (config.budget.scope === 'process') return null;
    return readUsage(config, sinceHour, this.#usageDeps(accountIdOf(await this.#key(config))));
  };

  readonly statusHistory = async ({ api, budget }: Config): Promise<StatusHistory> => {
    const { RegionStatusFile } = await import('../adapters/state/region-status-file.ts');
    const stateFolder = budget.scope === 'process' ? null : stateFolderOf(this.env).path;
    return new RegionStatusFile({ stateFolder, baseUrl: api.baseUrl });
  };

  readonly runHook = async (...parts: Parameters<Context['runHook']>): Promise<string | null> => {
    return (await import('../adapters/system/run-hook.ts')).runHook(...parts);
  };

  readonly commandTree = async (): Promise<CommandNode> => {
    return (await import('../cli/command-tree.ts')).describeProgram(this.#commands, version);
  };

  readonly showManual = async (page: string): Promise<boolean> => {
    return (await import('../adapters/system/show-manual.ts')).showManual(page);
  };

  readonly simulation = async (): Promise<Simulation> => {
    return (await import('./simulation.ts')).createSimulation();
  };

  /** Ends what was started for this run: all of it, whatever fails meanwhile; rejects with the first failure. */
  async close(): Promise<void> {
    const parts = [this.#batchFiles, this.#regionProbe, this.#sharedState, this.#fleet];
    const ended = await Promise.allSettled(parts.map(async (part) => part?.close()));
    // Close the sandbox last: other components may still call it while closing.
    ended.push(...(await Promise.allSettled([this.#embedded?.then((service) => service.close())])));
    if (this.#sandboxState !== null) rmSync(this.#sandboxState, { recursive: true, force: true });
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** With `--sandbox`, as every command sees it: a service is started, and everything points at it. */
  async #load(overrides: readonly Override[]): Promise<LoadedConfig> {
    const { env } = this;
    if (this.globals.sandbox) this.#embedded ??= this.sandbox(this.#script);
    const sandbox = await this.#embedded;
    const scope = this.#sandboxState === null ? 'process' : 'host';
    const all =
      sandbox === null ? overrides : [...sandboxDefaults, ...overrides, ...sandboxOverrides(sandbox.url, scope)];
    return loadConfig({ cwd: this.#process.cwd(), env, file: this.globals.config, overrides: all });
  }

  #usageDeps(accountId: string): UsageDeps {
    const onUnavailable = (why: string): void =>
      this.terminal.note(`the use of threads is not recorded: ${why}`, { level: 1 });
    return { accountId, env: this.env, onUnavailable };
  }

  #noteUnshared(why: string, level: number): void {
    this.terminal.note(`solve times are not shared with other processes: ${why}`, { level });
  }

  /** Read once: a key command may ask its user, and a pipe can be read only once. */
  #key(config: Config): Promise<string> {
    if (this.globals.sandbox) return Promise.resolve(sandboxKey);
    this.#loadedKey ??= loadApiKey(config, this.env, (text) => this.terminal.note(text)).then((key) => {
      this.terminal.hide(key);
      return key;
    });
    return this.#loadedKey;
  }

  /** `onNewKey`: called when the run goes on with a changed key; null does without one. */
  async #client(config: Config, key: string, onNewKey: ((key: string) => void) | null) {
    const { createCaptchaAi } = await import('../adapters/captchaai/client.ts');
    const { env } = this;
    const source = this.globals.sandbox ? null : apiKeySource(config, env);
    const about = {
      ...{ key, errorKinds: config.errors, solveEndpoint: createSolveEndpoint(config, env) },
      ...(source !== null && { keySource: keySourceText(source) }),
      ...(source !== null && onNewKey !== null && { renewKey: this.#renewal(key, source, onNewKey) }),
    };
    const retryAfter = retryAfterLimit(config, (text) => this.terminal.note(text));
    return createCaptchaAi({ ...config.api, ...about, retryAfter, env, nowMs: () => clock.timestamp() });
  }

  #renewal(key: string, source: ApiKeySource, onNewKey: (key: string) => void): RenewKey {
    const note = (text: string): void => this.terminal.note(text);
    return createKeyRenewal(key, source, {
      ...{ env: this.env, clock, note },
      onNewKey: (found) => {
        this.terminal.hide(found);
        onNewKey(found);
      },
    });
  }
}
