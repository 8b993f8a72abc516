import type { Context, GlobalFlags, SandboxFlags, SandboxHandle, Session, SessionRequest } from './cli/context.ts';
import { exitCodes } from './cli/exit-codes.ts';
import { Interrupt } from './cli/interrupt.ts';
import { Terminal, type TerminalOptions, wantsColor } from './cli/output/terminal.ts';
import { reportError } from './cli/report-error.ts';
import type { Config } from './config/schema.ts';
import type { LoadedConfig, Override } from './config/load.ts';
import { ProcessBreaker } from './core/health/process-breaker.ts';
import { ProcessRetryBudget } from './core/retry/process-retry-budget.ts';
import { Solver } from './core/solve/solver.ts';
import { systemClock as clock } from './adapters/system/system-clock.ts';
import { systemRandom as random } from './adapters/system/system-random.ts';
import { UsageError } from './domain/usage-error.ts';
import { version } from './version.ts';

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

async function startEmbedded(flags: SandboxFlags): Promise<SandboxHandle> {
  const [{ startSandbox }, { parseSandboxFlags }] = await Promise.all([
    import('./sandbox/sandbox.ts'),
    import('./sandbox/parse-options.ts'),
  ]);
  return startSandbox(parseSandboxFlags(flags));
}

/** The fuse box of one run: everything a command may use, built when it is asked for. */
class Household {
  readonly #process: NodeJS.Process;
  readonly #globals: GlobalFlags;
  readonly #terminal: Terminal;

  constructor(process: NodeJS.Process, globals: GlobalFlags, terminal: Terminal) {
    this.#process = process;
    this.#globals = globals;
    this.#terminal = terminal;
  }

  async config(overrides: readonly Override[]): Promise<LoadedConfig> {
    const { loadConfig } = await import('./config/load.ts');
    const { env } = this.#process;
    return loadConfig({ cwd: this.#process.cwd(), env, file: this.#globals.config, overrides });
  }

  /** Opens the service that the configuration names, or with `--sandbox` one that is started for this run. */
  async session(request: SessionRequest): Promise<Session> {
    const sandbox = this.#globals.sandbox ? await startEmbedded({}) : null;
    try {
      const overrides = [...request.overrides, ...(sandbox === null ? [] : sandboxOverrides(sandbox.url))];
      const { config } = await this.config(overrides);
      return await this.#open(config, request, sandbox);
    } catch (error) {
      await sandbox?.close();
      throw error;
    }
  }

  async #open(config: Config, request: SessionRequest, sandbox: SandboxHandle | null): Promise<Session> {
    const { checkPolling, methodTiming } = await import('./config/polling-advice.ts');
    if (sandbox === null) checkPolling(config, request.allowFastPolling);
    const key = sandbox === null ? await this.#key(config) : sandboxKey;
    const { createCaptchaAi } = await import('./adapters/captchaai/client.ts');
    const { baseUrl, timeoutMs, connections } = config.api;
    const nowMs = (): number => clock.timestamp();
    const errorKinds = config.errors;
    const api = createCaptchaAi({ baseUrl, key, timeoutMs, connections, errorKinds, env: this.#process.env, nowMs });
    const timing: Session['timing'] = (task) => ({ ...methodTiming(config, task), ...(sandbox && sandboxPolling) });
    return {
      config,
      api,
      timing,
      intervalMs: sandbox === null ? config.polling.intervalMs : sandboxPolling.intervalMs,
      solver: (emit, onExhausted) => {
        const { timeoutMs } = config.solve;
        const options = { timeoutMs, limits: config.retry, backoff: config.retry, onExhausted };
        return new Solver(options, { api, clock, random, emit, timing, ...protectionOf(config) });
      },
      close: async () => {
        await api.close();
        await sandbox?.close();
      },
    };
  }

  async #key(config: Config): Promise<string> {
    const { loadApiKey } = await import('./config/api-key.ts');
    const key = await loadApiKey(config, this.#process.env);
    this.#terminal.hide(key);
    return key;
  }
}

/** The retry budget and the breaker that a configuration asks for. */
function protectionOf({ api, budget, breaker }: Config): { budget: ProcessRetryBudget; breaker: ProcessBreaker } {
  if (budget.scope !== 'process' && budget.scope !== 'host') {
    throw new UsageError(`budget.scope ${budget.scope}: this version has no fleet scope`, 'use process or host');
  }
  const breakerOptions = { ...breaker, probeLeaseMs: 2 * api.timeoutMs };
  return {
    budget: new ProcessRetryBudget(budget, { clock }),
    breaker: new ProcessBreaker(breakerOptions, { clock, random }),
  };
}

function makeContext(process: NodeJS.Process, terminal: Terminal, interrupt: Interrupt) {
  return (globals: GlobalFlags): Context => {
    const household = new Household(process, globals, terminal);
    return {
      globals,
      terminal,
      interrupt,
      clock,
      random,
      env: process.env,
      config: (overrides) => household.config(overrides),
      configSchema: async () => (await import('./config/json-schema.ts')).configJsonSchema(),
      session: (request) => household.session(request),
      sandbox: startEmbedded,
      read: async (path) => (await import('./adapters/system/read-input.ts')).readInput(path, process.stdin),
    };
  };
}

/** Runs the program for one command line and answers its exit code. */
export async function main(process: NodeJS.Process): Promise<number> {
  const args = process.argv.slice(2);
  const { stdout, stderr, env } = process;
  const plain: TerminalOptions = { quiet: false, verbosity: 0, color: wantsColor(stderr, env), logFormat: 'text' };
  let terminal = new Terminal({ stdout, stderr }, plain, () => clock.timestamp());
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    await terminal.result(`${version}\n`);
    return exitCodes.done;
  }
  const interrupt = new Interrupt(process, () => clock.nowMs());
  let exitCode: number;
  try {
    const { runProgram } = await import('./cli/program.ts');
    exitCode = await runProgram(args, {
      version,
      writeOut: (text) => void terminal.result(text).catch(() => undefined),
      writeErr: (text) => stderr.write(text),
      makeContext: (globals, options) => {
        const color = options.color && wantsColor(stderr, env);
        terminal = new Terminal({ stdout, stderr }, { ...options, color }, () => clock.timestamp());
        return makeContext(process, terminal, interrupt)(globals);
      },
    });
  } catch (error) {
    exitCode = reportError(error, terminal);
  }
  await terminal.flush();
  if (interrupt.received !== null && !interrupt.drained) interrupt.raise(interrupt.received);
  return exitCode;
}
