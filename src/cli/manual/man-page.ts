import type { CommandNode, OptionNode } from '../command-node.ts';
import { wrapWords } from '../help.ts';
import type { Entry, Section } from './section.ts';
import { topicSections } from './topics.ts';

/** Text as roff shows it: a backslash, a hyphen of a flag and a dot at the start of a line mean something else there. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

/** Running text. Long lines are hard to read in the source. */
const prose = (text: string): string => roff(wrapWords('', text.split(' '), { columns: 76, indent: 0, end: '' }));

/** The argument of a macro: quotes would end it. */
const quoted = (text: string): string => `"${roff(text).replaceAll('"', '\\(dq')}"`;

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;

function entryLines({ name, text }: Entry): readonly string[] {
  return ['.TP', bold(name), prose(text)];
}

function optionLines({ flags, description, value }: OptionNode): readonly string[] {
  const name = flags.replace(/ [<[].*/, '');
  const shown = value === null ? '' : ` ${/[<[].*$/.exec(flags)?.[0] ?? ''}`;
  return ['.TP', `${bold(name)}${roff(shown)}`, prose(description)];
}

/** The notes of a help page: commands and lists keep their lines, other lines are paragraphs. */
function noteLines(notes: string): readonly string[] {
  if (notes === '') return [];
  const blocks = notes.split(/\n{2,}/).flatMap((block) => {
    const lines = block.split('\n');
    const text = lines.filter((line) => !line.startsWith('  '));
    const kept = lines.filter((line) => line.startsWith('  '));
    const literal = kept.length === 0 ? [] : ['.PP', '.nf', ...kept.map(roff), '.fi'];
    return [...(text.length === 0 ? [] : ['.PP', ...text.map(roff)]), ...literal];
  });
  return blocks;
}

function usageOf(node: CommandNode): string {
  const words = node.arguments.map(({ name, required, variadic }) => {
    const shown = variadic ? `${name}...` : name;
    return required ? `<${shown}>` : `[${shown}]`;
  });
  return [node.options.length > 0 ? '[options]' : '', node.commands.length > 0 ? '[command]' : '', ...words]
    .filter((word) => word !== '')
    .join(' ');
}

/** A command and those below it. `path`: the words that name it. */
function commandLines(path: string, node: CommandNode): readonly string[] {
  const details = node.arguments.map(({ name, description }) => ({ name, text: description }));
  return [
    `.SS ${quoted(path)}`,
    `${bold(path)} ${roff(usageOf(node))}`.trim(),
    '.PP',
    prose(`${node.summary.charAt(0).toUpperCase()}${node.summary.slice(1)}.`),
    ...details.filter(({ text }) => text !== '').flatMap(entryLines),
    ...node.options.flatMap(optionLines),
    ...noteLines(node.notes),
    ...node.commands.flatMap((below) => commandLines(`${path} ${below.name}`, below)),
  ];
}

function sectionLines(heading: string, sections: readonly Section[]): readonly string[] {
  const parts = sections.flatMap(({ title, entries, note }) => [
    ...(sections.length > 1 ? [`.SS ${quoted(title)}`] : []),
    ...entries.flatMap(entryLines),
    ...(note === '' ? [] : ['.PP', prose(note)]),
  ]);
  return [`.SH ${quoted(heading)}`, ...parts];
}

/** The manual page of the program in roff, with every command of the tree. */
export function manPage(tree: CommandNode, version: string): string {
  return [
    `.TH CAPTCHA 1 "" ${quoted(`captcha ${version}`)} "User Commands"`,
    '.SH NAME',
    roff(`captcha - ${tree.summary.charAt(0).toLowerCase()}${tree.summary.slice(1).replace(/\.$/, '')}`),
    '.SH SYNOPSIS',
    `${bold('captcha')} ${roff('[options] command [argument...]')}`,
    '.SH OPTIONS',
    'These apply to every command.',
    ...tree.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...tree.commands.flatMap((node) => commandLines(`captcha ${node.name}`, node)),
    ...sectionLines('EXIT STATUS', topicSections('exit-codes', {})),
    ...sectionLines('ENVIRONMENT', topicSections('environment', {})),
    ...sectionLines('FILES', topicSections('files', {})),
    '',
  ].join('\n');
}
