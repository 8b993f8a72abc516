import { spawn } from 'node:child_process';
import { UsageError } from '../domain/errors.ts';
import type { KeyCommand } from './schema/api.ts';

/** Limits of a key command. */
export interface KeyCommandLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** A password manager may ask its user to unlock it. */
const usualLimits: KeyCommandLimits = { timeoutMs: 30_000, maxBytes: 64 * 1024 };

const named = 'the key command (api.keyCommand)';
const howToTest = 'Run it in a terminal: it must print only the key. Or set CAPTCHAAI_API_KEY_FILE.';

/** A missing folder has the same code as a missing program. */
function startProblem({ code = 'unknown error' }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'its program is not found';
  return code === 'EACCES' ? 'its program is not executable' : code;
}

/**
 * What the key command prints. A list is started as it is, a command line by `/bin/sh`. Its standard error is that of this
 * process, and nothing is on its standard input, which may be that of a batch. Throws `UsageError` if it cannot be started,
 * fails, takes too long or prints too much; no message shows the command, which may contain a secret.
 */
export function runKeyCommand(
  { command, folder }: KeyCommand,
  { timeoutMs, maxBytes }: KeyCommandLimits = usualLimits,
): Promise<string> {
  const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder ?? undefined, stdio: ['ignore', 'pipe', 2] });
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (problem: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // What the shell has started may keep the pipe open, and this process with it.
      child.stdout?.destroy();
      reject(new UsageError(`${named} ${problem}`, howToTest));
    };
    const timer = setTimeout(() => fail(`did not end within ${timeoutMs / 1_000} s`), timeoutMs);
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) fail(`prints more than ${maxBytes} bytes`);
      else chunks.push(chunk);
    });
    child.on('error', (error) => fail(`cannot be started: ${startProblem(error)}`));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else fail(signal === null ? `failed with exit code ${code}` : `was ended by ${signal}`);
    });
  });
}
