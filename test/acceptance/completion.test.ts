import { spawnSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it } from './support/bench.ts';
import { bin } from './support/running.ts';

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
/** BSD's script has other arguments. */
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));

/** A folder with files to complete, a configuration, and a `captcha` to call; answers the environment of the shells. */
async function prepare(bench: Bench): Promise<NodeJS.ProcessEnv> {
  const regions = ['my-dc', 'other', '$(touch made)'].map((name) => ({ name, health: 'http://127.0.0.1:1' }));
  await bench.write('work/captcha.config.json', { regions });
  await bench.write('work/image.png', 'x');
  await bench.write('work/bin/captcha', `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  await chmod(join(bench.cwd, 'bin/captcha'), 0o755);
  return { PATH: `${join(bench.cwd, 'bin')}:${process.env['PATH'] ?? ''}`, TERM: 'xterm', HISTFILE: '/dev/null' };
}

/** What is typed before TAB, and the command line after it. */
const lines: readonly (readonly [typed: string, completed: string])[] = [
  ['captcha sol', 'captcha solve'],
  ['captcha queue dea', 'captcha queue dead'],
  ['captcha solve --pageu', 'captcha solve --pageurl'],
  ['captcha solve --method turns', 'captcha solve --method turnstile'],
  ['captcha solve --method=turns', 'captcha solve --method=turnstile'],
  ['captcha solve --pageurl https://x --via q', 'captcha solve --pageurl https://x --via queues'],
  ['captcha solve --region my', 'captcha solve --region my-dc'],
  ['captcha --sandbox queue dead us', 'captcha --sandbox queue dead us-east-1'],
  ['captcha solve ima', 'captcha solve image.png'],
  ['captcha solve --param-file=ima', 'captcha solve --param-file=image.png'],
  ['captcha solve --image a=ima', 'captcha solve --image a=image.png'],
  ['captcha balance ima', 'captcha balance ima'],
  ['captcha nosuch ima', 'captcha nosuch ima'],
];

/** TAB completes; then `echo "[` goes to the start of the line and `]"` to its end, so that the shell prints it. */
const typed = `${lines.map(([line]) => `${line}\t\u0001echo "[\u0005]"\n`).join('')}exit\n`;

/** Types the lines into an interactive shell on a pseudo terminal. Answers the lines that it printed. */
async function typeInto(bench: Bench, shell: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const { stdout } = await bench.startOther('script', ['-qec', shell, '/dev/null'], { env, input: typed }).ended;
  return [...stdout.matchAll(/(?:^|[\r\n])\[(captcha [^\r\n]*)\]\r/g)].map(([, line]) => line!.trim());
}

const completed = lines.map(([, line]) => line);

describe.concurrent('completion', () => {
  it.skipIf(!hasScript || !isThere('bash'))(
    'works in bash (skipped without bash and the script of util-linux)',
    async ({ bench }) => {
      const env = await prepare(bench);
      await bench.write('work/rc', 'bind "set bell-style none"\nsource <(captcha completion bash)\n');
      expect(await typeInto(bench, 'bash --noprofile --rcfile rc -i', env)).toEqual(completed);
    },
  );

  it.skipIf(!hasScript || !isThere('zsh'))(
    'works in zsh (skipped without zsh and the script of util-linux)',
    async ({ bench }) => {
      const env = await prepare(bench);
      await bench.write('work/.zshrc', 'unsetopt beep\nbindkey -e\nsource <(captcha completion zsh)\n');
      expect(await typeInto(bench, 'zsh -d -i', { ...env, ZDOTDIR: bench.cwd })).toEqual(completed);
    },
  );

  it.skipIf(!isThere('fish'))('works in fish (skipped without fish)', async ({ bench }) => {
    const env = await prepare(bench);
    const asked = lines.map(([line]) => `complete -C '${line}'; echo ---`).join('\n');
    await bench.write('work/ask.fish', `captcha completion fish | source\n${asked}\n`);
    const { stdout } = await bench.startOther('fish', ['--no-config', 'ask.fish'], { env }).ended;
    const words = stdout.split('---\n').map((answer) => answer.split('\n').map((line) => line.split('\t')[0]!));
    const last = completed.map((line) => line.split(' ').at(-1)!);
    // An answer of one word ends with a line end; without an answer there is nothing.
    const expected = lines.map(([line], at) => (line === completed[at] ? [''] : [last[at], '']));
    expect(words.slice(0, -1)).toEqual(expected);
  });

  it('never fails and says nothing on stderr, without a configuration that can be read', async ({ bench }) => {
    await bench.write('work/captcha.config.json', '{ "regions": ');
    const ask = (...words: string[]) => bench.run(['__complete', ...words], { config: null });
    const [regions, nothing, methods] = await Promise.all([
      ask('.', 'solve', '--region'),
      ask(),
      ask('.base', 'solve', '--method'),
    ]);
    expect(regions).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(nothing).toMatchObject({ code: 0, stdout: expect.stringContaining('solve\t') as string, stderr: '' });
    expect(methods).toMatchObject({ code: 0, stdout: 'words\nbase64\t\n', stderr: '' });
  });
});

describe('the built manual page', () => {
  it('is what captcha man prints', async ({ bench }) => {
    const { code, stdout } = await bench.run(['man'], { config: null });
    const built = await bench.startOther('cat', [join(bin, '../../dist/captcha.1')]).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: built.stdout });
  });
});
