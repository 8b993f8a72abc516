import type { Clock } from '../ports/system.ts';
import { formatMs } from './format.ts';
import type { Terminal } from './terminal.ts';

/** A line about the running work. */
export interface Progress {
  update(text: string): void;
  stop(): void;
}

/** Where and how a live line is shown. */
export interface ProgressPlace {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const usualFrameMs = 80;
const silent: Progress = { update: () => undefined, stop: () => undefined };

/** Whether a live line would be visible. A terminal that reports 0 columns shows none. */
export function canSpin({ terminal: { stderr, options }, env }: Pick<ProgressPlace, 'terminal' | 'env'>): boolean {
  const hasScreen = stderr.isTTY === true && (stderr.columns ?? 0) > 0 && env['TERM'] !== 'dumb';
  return hasScreen && env['CI'] === undefined && !options.quiet && options.logFormat === 'text';
}

/** Starts a spinner on stderr if a live line would be visible. */
export async function startProgress(place: ProgressPlace, first: string): Promise<Progress> {
  if (!canSpin(place)) return silent;
  const { terminal, clock } = place;
  // ora knows what the terminal can show. It does not draw: after a change of the width it would leave stale lines.
  const { frames, interval = usualFrameMs } = (await import('ora')).default().spinner;
  const ended = new AbortController();
  const marks = frames.map((frame) => terminal.style('cyan', frame));
  let text = first;
  let turn = 0;
  const draw = (): void => terminal.live({ mark: marks[turn % marks.length] ?? '', text });
  const spin = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      draw();
      await clock.sleep(interval, ended.signal);
      turn += 1;
    }
  };
  void spin();
  return {
    update: (next) => {
      text = next;
      if (!ended.signal.aborted) draw();
    },
    stop: () => {
      ended.abort();
      terminal.live(null);
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
