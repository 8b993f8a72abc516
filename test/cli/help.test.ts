import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { helpLayout, helpText } from '../../src/cli/help.ts';
import { commands } from '../../src/commands/command-list.ts';

/** The help page of a command in a terminal of this width. */
async function pageOf(name: string, columns: number): Promise<string> {
  let page = '';
  const width = (): number => columns;
  const program = new Command('captcha').configureHelp(helpLayout).configureOutput({
    writeOut: (text) => (page += text),
    getOutHelpWidth: width,
    getErrHelpWidth: width,
  });
  const command = program.command(name);
  (await commands.find((each) => each.name === name)!.load()).register(command, async () => undefined);
  command.outputHelp();
  return page;
}

/** Words that no line of the width can hold. */
const isUnbreakable = (line: string): boolean =>
  /^ *(?:\$ )?\S+(?: \\)?$/.test(line) || /^ *'[^']*'(?: \\)?$/.test(line);

describe('a help page', () => {
  const cases = commands.flatMap(({ name }) => [60, 80, 120].map((columns): [string, number] => [name, columns]));

  it.each(cases)('of %s has no line longer than %i columns', async (name, columns) => {
    const lines = (await pageOf(name, columns)).split('\n');
    const option = /^ {2}(?:-\S+|\w+)(?:, --?\S+)?(?: [<[].*)?$/;
    const tooLong = lines.filter((line) => line.length > columns && !isUnbreakable(line) && !option.test(line));
    expect(tooLong).toEqual([]);
  });

  it('breaks an example where a shell goes on, and never inside quotes', () => {
    const command = new Command('captcha').configureOutput({ getOutHelpWidth: () => 40 });
    const text = helpText("\nExamples:\n  $ captcha a --json | jq -r '.dead[] | [.id, .reason]'")({
      command,
      error: false,
    });
    expect(text).toBe("\nExamples:\n  $ captcha a --json | jq -r \\\n      '.dead[] | [.id, .reason]'");
  });

  it('joins the lines of a paragraph and keeps a list', () => {
    const command = new Command('captcha').configureOutput({ getOutHelpWidth: () => 40 });
    const text = helpText('\none two\nthree\n\nExit codes:\n  0  all is well, and this line is too long\n  1  no')({
      command,
      error: false,
    });
    expect(text).toBe('\none two three\n\nExit codes:\n  0  all is well, and this line is too\n     long\n  1  no');
  });
});
