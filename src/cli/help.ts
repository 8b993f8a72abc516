import { type AddHelpTextContext, type Command, Help, type HelpConfiguration, type Option } from 'commander';

/** Below this many columns for it, a description stands on a line of its own under its term. */
const minDescriptionColumns = 30;

const termIndent = 2;
const termGap = 2;
const narrowIndent = 6;

/** The place of the parts that wrapped lines share. `end` closes every line but the last one. */
interface Wrapping {
  readonly columns: number;
  readonly indent: number;
  readonly end: string;
}

/** `first` and the words after it, in lines of at most `columns` characters if the words allow it. */
export function wrapWords(first: string, words: readonly string[], { columns, indent, end }: Wrapping): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of words) {
    const gap = isEmpty ? '' : ' ';
    if (!isEmpty && line.length + gap.length + word.length + end.length > columns) {
      lines.push(`${line}${end}`);
      line = ' '.repeat(indent) + word;
    } else {
      line += gap + word;
    }
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}

/** The words of a shell command: a quoted text is one word, and so is an option with its value. */
function shellWords(command: string): readonly string[] {
  return command.match(/(?:--[\w-]+ )?(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
}

const wordsOf = (text: string): readonly string[] => text.match(/\S+/g) ?? [];

function wrapBlock(block: string, columns: number): string {
  const command = /^ {2}\$ (.*)$/.exec(block)?.[1];
  if (command !== undefined) return wrapWords('  $ ', shellWords(command), { columns, indent: 6, end: ' \\' });
  const [, first = '', rest = ''] = /^( {2}\S+ {2,}| *)(.*)$/.exec(block) ?? [];
  return wrapWords(first, wordsOf(rest), { columns, indent: first.length, end: '' });
}

/**
 * Wraps the text under a help page at words. An indented line stands alone: `  $ ` begins a command, and `  term  `
 * begins an item. Lines without an indent are one paragraph.
 */
function wrapHelpText(text: string, columns: number): string {
  const blocks = text.replace(/(?<=[^\n])\n(?=[^\n ])/g, ' ').split('\n');
  return blocks.map((block) => wrapBlock(block, columns)).join('\n');
}

/** A text under a help page, for `addHelpText`. */
export function helpText(text: string): (context: AddHelpTextContext) => string {
  return ({ command, error }) => {
    const output = command.configureOutput();
    const columns = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? 80;
    return wrapHelpText(text, columns);
  };
}

const globalOptions = `
Global options (see captcha --help): --config, --json, --quiet, --verbose, --no-color, --log-format, --sandbox, --help.
`;

/** How every help page is laid out. Only the program's own page lists the options of every command. */
export const helpLayout: HelpConfiguration = {
  // Wraps in the narrowest terminal, too.
  minWidthToWrap: 1,

  visibleOptions(this: Help, command: Command): Option[] {
    const options = Help.prototype.visibleOptions.call(this, command);
    return command.parent === null ? options : options.filter((option) => command.options.includes(option));
  },

  formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const columns = helper.helpWidth ?? 80;
    if (description === '' || columns - termIndent - termWidth - termGap >= minDescriptionColumns) {
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    }
    const indent = `\n${' '.repeat(narrowIndent)}`;
    const lines = helper.boxWrap(description, columns - narrowIndent).replaceAll('\n', indent);
    return `${' '.repeat(termIndent)}${term}${indent}${lines}`;
  },

  formatHelp(command: Command, helper: Help): string {
    const page = Help.prototype.formatHelp.call(helper, command, helper);
    return command.parent === null ? page : `${page}${wrapHelpText(globalOptions, helper.helpWidth ?? 80)}`;
  },
};
