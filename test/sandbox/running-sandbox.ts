import { onTestFinished } from 'vitest';
import type { SandboxOptions } from '../../src/sandbox/options.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

/** A clock that stands still until the test advances it. */
export function manualClock(): { nowMs(): number; advance(ms: number): void } {
  let nowMs = 1_000;
  return {
    nowMs: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

export type ManualClock = ReturnType<typeof manualClock>;

type Fields = Record<string, string>;

export interface RunningSandbox {
  readonly sandbox: Sandbox;
  readonly clock: ManualClock;
  /** Posts an urlencoded form; returns the body of the answer. */
  readonly post: (path: string, fields: Fields) => Promise<string>;
  /** Posts with `json=1` and a key; returns the parsed answer. */
  readonly json: (path: string, fields: Fields) => Promise<Record<string, unknown>>;
  /** Submits a turnstile task; returns its id. */
  readonly submit: (fields?: Fields) => Promise<string>;
}

export const turnstile: Fields = { method: 'turnstile', sitekey: '0x4AAA', pageurl: 'https://example.com/login' };
export const recaptcha: Fields = { method: 'userrecaptcha', googlekey: '6Le-x', pageurl: 'https://example.com/' };
export const latencyMs = 100;

/** Starts a sandbox with a stopped clock, in which every task takes `latencyMs`; closed when the test ends. */
export async function runSandbox(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const clock = manualClock();
  const sandbox = await startSandbox({ clock, latencyMs: [latencyMs, latencyMs], ...options });
  onTestFinished(() => sandbox.close());
  const post = async (path: string, fields: Fields): Promise<string> => {
    const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
    return response.text();
  };
  const json = async (path: string, fields: Fields): Promise<Record<string, unknown>> =>
    JSON.parse(await post(path, { key: 'k', json: '1', ...fields })) as Record<string, unknown>;
  const submit = async (fields: Fields = turnstile): Promise<string> =>
    String((await json('/in.php', fields))['request']);
  return { sandbox, clock, post, json, submit };
}
