import type { Command } from 'commander';
import type { CommandRunner, Context } from '../../cli/context.ts';
import { exitCodes } from '../../cli/exit-codes.ts';
import { argumentWithChoices } from '../../cli/choices.ts';
import { helpText } from '../../cli/help.ts';
import { knownNames } from '../../domain/closest-name.ts';
import { UsageError } from '../../domain/errors.ts';
import { aliasOf, allMethods, commonParameters, knownMethods, type Method } from '../../protocol/methods.ts';
import { distinctRows, methodReport, renderMethod, renderMethods } from './view.ts';

export interface MethodsFlags {
  readonly name?: string;
}

const examples = `
Unknown methods are sent, too: the service may support more of them.

Examples:
  $ captcha methods
  $ captcha methods geetest
  $ captcha methods --json | jq -r '.methods[].method'`;

/** Declares `captcha methods`. */
export function register(command: Command, runCommand: CommandRunner): void {
  command
    .addArgument(argumentWithChoices('[name]', 'show only this method, in detail', knownMethods()))
    .addHelpText('after', helpText(examples))
    .action((name: string | undefined) => runCommand(run, name === undefined ? {} : { name }));
}

/** The rows of one method. */
function rowsOf(name: string): readonly Method[] {
  const alias = aliasOf(name);
  const rows = allMethods().filter(({ method, when }) =>
    alias === null ? method === name : method === alias.method && when?.[0] === alias.parameter,
  );
  if (rows.length === 0) throw new UsageError(`${name}: unknown method`, knownNames(name, knownMethods()));
  return rows;
}

/** For output that no screen limits. */
const usualColumns = 80;

/** Prints the known methods with their parameters. */
export async function run({ name }: MethodsFlags, { globals, terminal }: Context): Promise<number> {
  const rows = name === undefined ? allMethods() : rowsOf(name.trim());
  const columns = terminal.columns ?? usualColumns;
  if (globals.json) await terminal.json({ methods: rows.map(methodReport), commonParameters });
  else if (name === undefined) await terminal.result(renderMethods(distinctRows(rows), columns));
  else {
    const parts = distinctRows(rows).map((row) => renderMethod(row, columns));
    await terminal.result(parts.join('\n'));
  }
  return exitCodes.done;
}
