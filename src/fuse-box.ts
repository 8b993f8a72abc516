import { clockUntil } from './adapters/system/clock-until.ts';
import { systemClock as clock } from './adapters/system/system-clock.ts';
import { systemRandom as random } from './adapters/system/system-random.ts';
import type { BatchFiles } from './cli/batch/batch-files.ts';
import type { GlobalFlags, SandboxFlags, SandboxHandle, Session, SessionRequest } from './cli/context.ts';
import type { Terminal } from './cli/output/terminal.ts';
import { accountIdOf } from './account-id.ts';
import { loadApiKey } from './config/api-key.ts';
import { loadConfig, type LoadedConfig, type Override } from './config/load.ts';
import { checkPolling, methodTiming } from './config/polling-advice.ts';
import type { Config } from './config/schema.ts';
import { ProcessBreaker } from './core/health/process-breaker.ts';
import { ProcessRetryBudget } from './core/retry/process-retry-budget.ts';
import { Solver } from './core/solve/solver.ts';
import { UsageError } from './domain/usage-error.ts';

/** The embedded service has nobody to spare: its clients look at once and often. */
const sandboxPolling = { firstWaitMs: 0, intervalMs: 100 };
const sandboxKey = 'sandbox';
const sandboxRegions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];

function sandboxOverrides(url: string): readonly Override[] {
  const values = {
    'api.baseUrl': url,
    regions: sandboxRegions.map((name) => ({ name, health: `${url}/regions/${name}/health` })),
    'routes.default': sandboxRegions[0],
    'routes.rules': [],
    'budget.scope': 'process',
  };
  return Object.entries(values).map(([path, value]) => ({ path, value, from: '--sandbox' }));
}

/** The retry budget and the breaker that a configuration asks for. */
function protectionOf({ api, budget, breaker }: Config): { budget: ProcessRetryBudget; breaker: ProcessBreaker } {
  if (budget.scope !== 'process' && budget.scope !== 'host') {
    throw new UsageError('budget.scope: this version has no fleet scope', 'it is process or host');
  }
  const breakerOptions = { ...breaker, probeLeaseMs: 2 * api.timeoutMs };
  return {
    budget: new ProcessRetryBudget(budget, { clock }),
    breaker: new ProcessBreaker(breakerOptions, { clock, random }),
  };
}

/** The only place where adapters are plugged into ports. What a command does not ask for is not built, nor loaded. */
export class FuseBox {
  readonly #process: NodeJS.Process;
  readonly #globals: GlobalFlags;
  readonly #terminal: Terminal;
  /** The service of `--sandbox`, once it was needed. */
  #embedded: Promise<SandboxHandle> | null = null;
  #batchFiles: (BatchFiles & { close(): Promise<void> }) | null = null;
  readonly #loaded = new Map<readonly Override[], Promise<LoadedConfig>>();

  constructor(process: NodeJS.Process, globals: GlobalFlags, terminal: Terminal) {
    this.#process = process;
    this.#globals = globals;
    this.#terminal = terminal;
  }

  /** Loads once for one list of overrides: a command asks before it opens a session with the same. */
  config(overrides: readonly Override[]): Promise<LoadedConfig> {
    const loading = this.#loaded.get(overrides) ?? this.#load(overrides);
    this.#loaded.set(overrides, loading);
    return loading;
  }

  async configSchema(): Promise<object> {
    return (await import('./config/json-schema.ts')).configJsonSchema();
  }

  async read(path: string): Promise<Uint8Array> {
    return (await import('./adapters/system/read-input.ts')).readInput(path, this.#process.stdin);
  }

  async sandbox(flags: SandboxFlags): Promise<SandboxHandle> {
    const [{ startSandbox }, { parseSandboxFlags }] = await Promise.all([
      import('./sandbox/sandbox.ts'),
      import('./sandbox/parse-options.ts'),
    ]);
    return startSandbox(parseSandboxFlags(flags));
  }

  /** Opens the service that the configuration names. */
  async session({ overrides, allowFastPolling }: SessionRequest): Promise<Session> {
    const { config, warnings } = await this.config(overrides);
    for (const warning of warnings) this.#terminal.note(`warning: ${warning}`);
    if (!this.#globals.sandbox) checkPolling(config, allowFastPolling);
    const key = this.#globals.sandbox ? sandboxKey : await this.#key(config);
    const api = await this.#client(config, key);
    const protection = protectionOf(config);
    const polling = this.#globals.sandbox ? sandboxPolling : {};
    const timing: Session['timing'] = (task) => ({ ...methodTiming(config, task), ...polling });
    return {
      config,
      api,
      timing,
      intervalMs: this.#globals.sandbox ? sandboxPolling.intervalMs : config.polling.intervalMs,
      accountId: accountIdOf(key),
      requestCount: () => api.requestCount(),
      solver: (emit, { onExhausted, left, times }) => {
        const { timeoutMs } = config.solve;
        const options = { timeoutMs, limits: config.retry, backoff: config.retry, onExhausted };
        const deps = { api, random, emit, timing, ...protection, ...(times && { times }) };
        return new Solver(options, { ...deps, clock: left === undefined ? clock : clockUntil(left, clock) });
      },
      close: () => api.close(),
    };
  }

  async batchFiles(): Promise<BatchFiles> {
    const { plugBatchFiles } = await import('./batch-fuses.ts');
    this.#batchFiles ??= plugBatchFiles(this.#process, this.#terminal);
    return this.#batchFiles;
  }

  /** Ends what was started for this run. */
  async close(): Promise<void> {
    await this.#batchFiles?.close();
    await (await this.#embedded)?.close();
  }

  /** With `--sandbox`, as every command sees it: a service is started, and everything points at it. */
  async #load(overrides: readonly Override[]): Promise<LoadedConfig> {
    const { env } = this.#process;
    if (this.#globals.sandbox) this.#embedded ??= this.sandbox({});
    const sandbox = await this.#embedded;
    const all = sandbox === null ? overrides : [...overrides, ...sandboxOverrides(sandbox.url)];
    return loadConfig({ cwd: this.#process.cwd(), env, file: this.#globals.config, overrides: all });
  }

  async #key(config: Config): Promise<string> {
    const key = await loadApiKey(config, this.#process.env);
    this.#terminal.hide(key);
    return key;
  }

  async #client(config: Config, key: string) {
    const { createCaptchaAi } = await import('./adapters/captchaai/client.ts');
    const { env } = this.#process;
    return createCaptchaAi({ ...config.api, key, errorKinds: config.errors, env, nowMs: () => clock.timestamp() });
  }
}
