import type { Clock } from '../ports/system.ts';
import { formatMs } from './format.ts';
import type { Terminal } from './terminal.ts';

/** A line about the running work. */
export interface Progress {
  update(text: string): void;
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** Whether a live line would be visible. On a terminal that reports 0 columns, ora counts lines without end. */
export function canSpin({ stderr, options }: Terminal, env: Readonly<Record<string, string | undefined>>): boolean {
  const hasScreen = stderr.isTTY === true && (stderr.columns ?? 0) > 0 && env['TERM'] !== 'dumb';
  return hasScreen && env['CI'] === undefined && !options.quiet && options.logFormat === 'text';
}

/** Starts a spinner on stderr if a live line would be visible. */
export async function startProgress(
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
  text: string,
): Promise<Progress> {
  if (!canSpin(terminal, env)) return silent;
  const { default: ora } = await import('ora');
  const stream = terminal.stderr as unknown as NodeJS.WritableStream;
  // With discardStdin ora puts the terminal in raw mode and swallows Ctrl-C.
  const spinner = ora({
    text: terminal.shown(text),
    stream,
    discardStdin: false,
    color: terminal.options.color ? 'cyan' : false,
  }).start();
  return {
    update: (next) => {
      spinner.text = terminal.shown(next);
    },
    stop: () => {
      spinner.stop();
    },
  };
}

const tickMs = 1_000;

/** Shows with each text for how long it has been shown, once a second. */
export function withElapsedTime(progress: Progress, first: string, clock: Clock): Progress {
  if (progress === silent) return progress;
  const ended = new AbortController();
  let text = first;
  let sinceMs = clock.nowMs();
  const tick = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const seconds = Math.floor((clock.nowMs() - sinceMs) / tickMs);
      if (seconds > 0) progress.update(`${text} (${formatMs(seconds * tickMs)})`);
      await clock.sleep(tickMs, ended.signal);
    }
  };
  void tick();
  return {
    update: (next) => {
      text = next;
      sinceMs = clock.nowMs();
      progress.update(next);
    },
    stop: () => {
      ended.abort();
      progress.stop();
    },
  };
}
