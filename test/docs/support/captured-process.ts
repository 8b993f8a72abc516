import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { run } from '../../../src/run.ts';

export interface ProcessParts {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Content of standard input. */
  readonly input?: Uint8Array;
}

/** A run of the program within this process: its streams are captured, and its signals are those of the test. */
export class CapturedProcess {
  /** Both streams in the order of writing, as on a screen. */
  screen = '';
  readonly exitCode: Promise<number>;
  readonly #signals = new EventEmitter();
  #hasSaid: () => void = () => undefined;

  constructor({ args, cwd, env, input = new Uint8Array() }: ProcessParts) {
    const stream = {
      isTTY: false,
      write: (text: string, done?: () => void) => this.#write(text, done),
      on: () => stream,
    };
    const overrides = {
      argv: [process.execPath, 'captcha', ...args],
      env,
      stdout: stream,
      stderr: stream,
      stdin: Readable.from([input]),
      cwd: () => cwd,
      // A signal ends a captured run when the program has cleaned up.
      kill: () => true,
      on: (name: string, listener: () => void) => this.#signals.on(name, listener),
      removeAllListeners: (name: string) => this.#signals.removeAllListeners(name),
    };
    const captured = Object.create(process, Object.getOwnPropertyDescriptors(overrides)) as NodeJS.Process;
    this.exitCode = run(captured);
  }

  /** Resolves with the screen as soon as it fits, or when the program has ended. */
  async until(fits: (screen: string) => boolean): Promise<string> {
    const said = new Promise<void>((resolve) => {
      this.#hasSaid = () => (fits(this.screen) ? resolve() : undefined);
      this.#hasSaid();
    });
    await Promise.race([said, this.exitCode]);
    return this.screen;
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#signals.emit('SIGINT', 'SIGINT');
  }

  #write(text: string, done?: () => void): boolean {
    this.screen += text;
    this.#hasSaid();
    done?.();
    return true;
  }
}
