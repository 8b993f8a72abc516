import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { root, type Step } from './blocks.ts';
import { CapturedProcess } from './captured-process.ts';
import { mask, shownPattern } from './masks.ts';
import type { World } from './worlds.ts';

/** What a command printed on both streams, and its exit code. */
export interface Ran {
  readonly screen: string;
  readonly exitCode: number;
}

export interface Expectation {
  readonly varies: readonly string[];
  readonly until: string | null;
}

/** The words of a command line without variables, pipes and redirections; null if it has some and needs a shell. */
export function wordsOf(command: string): readonly string[] | null {
  // Within this process, output never goes to a terminal.
  const line = command
    .replace(/\\\n\s*/g, ' ')
    .replace(/ \| cat$/, '')
    .replace(/^node bin\/captcha\.js /, 'captcha ');
  const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  const isPlain = words.every((word) => !/[|&;<>$`]/.test(word.replace(/'[^']*'/g, '')));
  return isPlain ? words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2')) : null;
}

/** Further programs that a page may use, with `captcha` and the stand-in for `curl`: they change nothing outside the world. */
const harmless = ['cat', 'jq', 'mv', 'sort', 'uniq'];

const prologue = `
exec 2>&1
mkdir -p .shell
for name in ${harmless.join(' ')}; do ln -sf "$(command -v $name)" .shell/; done
PATH=$PWD/.shell:$PWD/.programs
captcha() { "${process.execPath}" "${join(root, 'bin/captcha.js')}" "$@"; }
`;

/** Runs a command line in bash, with the built program. */
async function runInShell(command: string, { home, env }: World): Promise<Ran> {
  const child = spawn('bash', ['-c', prologue + command], { cwd: home, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const [screen, exitCode] = await Promise.all([text(child.stdout), ended]);
  return { screen, exitCode };
}

const runsUntilStopped = /^captcha (--sandbox )?(worker|sandbox)\b|^captcha .*--(watch|follow)\b/;

/** The text of a screen as a page shows it: with the placeholders, and in the home folder of the pages. */
export function shown(screen: string, world: World, varies: readonly string[]): string {
  return mask(screen.replaceAll(world.home, '/home/ann'), varies);
}

function start(words: readonly string[], { home, env }: World): CapturedProcess {
  return new CapturedProcess({ args: words.slice(1), cwd: home, env: { ...env } });
}

/** Runs a command, within this process if it needs no shell. What runs until Ctrl-C gets it when the page's output is there. */
export async function runStep({ command, output }: Step, world: World, { varies, until }: Expectation): Promise<Ran> {
  const words = wordsOf(command);
  if (words?.[0] !== 'captcha') return runInShell(command, world);
  const captured = start(words, world);
  if (until !== null || runsUntilStopped.test(command)) {
    const pattern = shownPattern(mask(output, varies));
    const fits = (screen: string): boolean => pattern.test(`${shown(screen, world, varies)}\n`);
    await captured.until((screen) => {
      if (until !== null) return screen.includes(until);
      return output === '' ? screen !== '' : fits(screen);
    });
    captured.interrupt();
  }
  const exitCode = await captured.exitCode;
  return { screen: captured.screen, exitCode };
}

/** Starts a command that ends with `&` and returns what ends it by Ctrl-C; null for another command. */
export function startInBackground({ command }: Step, world: World): (() => Promise<unknown>) | null {
  const words = wordsOf(/^(captcha .*) &$/.exec(command)?.[1] ?? '|');
  if (words === null) return null;
  const captured = start(words, world);
  return () => {
    captured.interrupt();
    return captured.exitCode;
  };
}
