import { beforeAll, describe, expect, it } from 'vitest';
import type { CommandNode } from '../../../src/cli/command-node.ts';
import { describeProgram } from '../../../src/cli/command-tree.ts';
import { type Completion, completeWords, completionLines } from '../../../src/cli/completion/complete-words.ts';
import { commands } from '../../../src/commands/command-list.ts';

let tree: CommandNode;
beforeAll(async () => {
  tree = await describeProgram(commands, '1.2.3');
});

/** The answer for a command line, whose last word is the current one. The names of the regions say for what they were asked. */
function completed(line: string): Promise<Completion> {
  const before = line.split(' ');
  const current = before.pop() ?? '';
  const regionNames = async ({ config, sandbox }: { config: string | null; sandbox: boolean }) => [
    `region-of-${sandbox ? 'sandbox' : (config ?? 'default')}`,
    'other',
  ];
  return completeWords({ tree, before, current, regionNames });
}

async function wordsFor(line: string): Promise<readonly string[] | string> {
  const completion = await completed(line);
  return completion.kind === 'files' ? `files ${completion.prefix}`.trim() : completion.words.map(({ word }) => word);
}

describe('completion', () => {
  it.each<[string, readonly string[] | string]>([
    ['so', ['solve']],
    ['--sandbox so', ['solve']],
    ['--config so re', ['result', 'report', 'results', 'release']],
    ['nosuch ', []],
    ['queue ', ['show', 'dead', 'requeue']],
    ['queue dead ', ['region-of-default', 'other']],
    ['--config team.json queue requeue re', ['region-of-team.json']],
    ['--config=team.json queue requeue re', ['region-of-team.json']],
    ['queue requeue other ', []],
    ['solve --sandbox --region r', ['region-of-sandbox']],
    ['solve --region=o', ['--region=other']],
    ['failover --drain o', ['other']],
    ['solve --method turns', ['turnstile']],
    ['solve --method=turns', ['--method=turnstile']],
    ['solve --metho', ['--method']],
    ['solve --method --via', []],
    ['batch tasks.csv --via ', ['direct', 'queues']],
    ['methods geetest', ['geetest', 'geetest_v4']],
    ['report ', ['good', 'bad']],
    ['report good ', []],
    ['solve ', 'files'],
    ['solve -- --x', 'files'],
    ['batch --out ', 'files'],
    ['batch --out=so', 'files --out='],
    ['solve --image ', []],
    ['solve --image a=', 'files a='],
    ['solve --image=a=b', 'files --image=a='],
    ['--config ', 'files'],
    ['--log-format ', ['text', 'json']],
    ['route --format js', ['jsonl', 'json']],
    ['simulate --breaker ', ['on', 'off']],
    ['sandbox --quirk num', ['numeric-ids']],
    ['health --watch --prom', ['--prometheus']],
    ['health --watch 10s --prom', ['--prometheus']],
    ['completion ', ['bash', 'zsh', 'fish', 'powershell']],
    ['help e', ['exit-codes', 'environment']],
    ['help queue d', ['dead']],
    ['help files ', []],
  ])('of "%s" is %j', async (line, words) => {
    expect(await wordsFor(line)).toEqual(words);
  });

  it('offers each option of the command and the program, but a given one only if it is repeatable', async () => {
    const words = await wordsFor('solve --param a=1 --sitekey k --');
    expect(words).toEqual(expect.arrayContaining(['--param', '--pageurl', '--config', '--verbose', '--help']));
    expect(words).not.toContain('--sitekey');
    expect(words).not.toContain('--wait-for-budget');
  });

  it('offers the options where a command takes nothing else', async () => {
    expect(await wordsFor('balance ')).toContain('--min');
    expect(await wordsFor('balance x')).toEqual([]);
  });

  it('completes each command of the list, with its summary', async () => {
    const completion = await completed('');
    expect(completion).toEqual({
      kind: 'words',
      words: commands.map(({ name, summary }) => ({ word: name, description: summary })),
    });
  });

  it('is one line for each word', async () => {
    expect(completionLines(await completed('queue s'))).toBe(
      'words\nshow\tshow waiting tasks, running tasks and dead letters of every region\n',
    );
    expect(completionLines({ kind: 'files', prefix: '--out=' })).toBe('files\t--out=\n');
  });
});
