/** What a shell takes as it is. */
const plain = /^[\w@%+=:,./-]+$/;

const quoted = (arg: string): string => (plain.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`);

/** The command line that goes on where a run ended, as a shell takes it; with `--fresh` it would begin anew. */
export function resumeCommand(args: readonly string[]): string {
  return ['captcha', ...args.filter((arg) => arg !== '--fresh').map(quoted)].join(' ');
}
