import type { CommandNode, OptionNode, ValueNode } from '../command-node.ts';
import { helpTopics } from '../help-topics.ts';

/** A word that may stand in the place of the current one. */
export interface Candidate {
  readonly word: string;
  /** Empty if the word says all. */
  readonly description: string;
}

/** What may be typed: words, or the path of a file after `prefix` (such as `--out=`). */
export type Completion =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | { readonly kind: 'files'; readonly prefix: string };

/** Which configuration the command line is for. */
export interface RegionRequest {
  /** The value of `--config`; null without it. */
  readonly config: string | null;
  readonly sandbox: boolean;
}

export interface CompletionRequest {
  readonly tree: CommandNode;
  /** The complete words between `captcha` and the current word. */
  readonly before: readonly string[];
  /** The word up to the cursor, which may be empty. */
  readonly current: string;
  readonly regionNames: (request: RegionRequest) => Promise<readonly string[]>;
}

const isDashed = (word: string): boolean => word.length > 1 && word.startsWith('-');
const nothing: Completion = { kind: 'words', words: [] };

/** What the words before the current one mean. */
class CommandLine {
  /** The innermost command so far. */
  command: CommandNode;
  /** The command line asks for help: the words name commands and topics. */
  isHelp = false;
  operandCount = 0;
  /** Whether the next word can be an option. */
  takesOptions = true;
  /** The option whose value is the next word; null for none. */
  pending: OptionNode | null = null;
  config: string | null = null;
  sandbox = false;
  readonly #given = new Set<OptionNode>();
  readonly #options: OptionNode[];

  constructor(tree: CommandNode, words: readonly string[]) {
    this.command = tree;
    this.#options = [...tree.options];
    for (const word of words) this.#read(word, tree);
  }

  find(name: string): OptionNode | null {
    return this.#options.findLast(({ names }) => names.includes(name)) ?? null;
  }

  /** The options that can be added. */
  get options(): readonly OptionNode[] {
    return this.#options.filter((option) => option.repeatable || !this.#given.has(option));
  }

  #read(word: string, tree: CommandNode): void {
    const { pending } = this;
    this.pending = null;
    if (pending !== null && (pending.value?.required === true || !isDashed(word))) {
      if (pending.names.includes('--config')) this.config = word;
    } else if (!this.takesOptions) this.operandCount += 1;
    else if (word === '--') this.takesOptions = false;
    else if (isDashed(word)) this.#readOption(word);
    else this.#readOperand(word, tree);
  }

  #readOption(word: string): void {
    const [name = '', ...value] = word.split('=');
    const option = this.find(name);
    if (option === null) return;
    this.#given.add(option);
    if (name === '--sandbox') this.sandbox = true;
    if (name === '--config') this.config = value.join('=');
    if (option.value !== null && value.length === 0) this.pending = option;
  }

  #readOperand(word: string, tree: CommandNode): void {
    const found = this.operandCount === 0 ? this.command.commands.find(({ name }) => name === word) : undefined;
    if (found === undefined) this.operandCount += 1;
    else if (found.name === 'help' && this.command === tree) this.isHelp = true;
    else {
      this.command = found;
      this.#options.push(...found.options);
    }
  }
}

/** The candidates that begin as the current word does; `prefix` stands before each of them. */
function beginning(candidates: readonly Candidate[], current: string, prefix = ''): Completion {
  const words = candidates
    .map(({ word, description }) => ({ word: `${prefix}${word}`, description }))
    .filter(({ word }) => word.startsWith(current));
  return { kind: 'words', words };
}

const plain = (word: string): Candidate => ({ word, description: '' });

/** The values of an argument, or of the option that is spelled `names`. */
async function valuesOf(
  { name, choices }: ValueNode,
  { names, prefix, line }: { names: readonly string[]; prefix: string; line: CommandLine },
  { current, regionNames }: CompletionRequest,
): Promise<Completion> {
  if (choices.length > 0) return beginning(choices.map(plain), current, prefix);
  if (name === 'file') return { kind: 'files', prefix };
  if (name === 'name=file') {
    const written = /^[^=]*=/.exec(current.slice(prefix.length))?.[0];
    return written === undefined ? nothing : { kind: 'files', prefix: `${prefix}${written}` };
  }
  if (name !== 'region' && !names.includes('--region')) return nothing;
  const found = await regionNames({ config: line.config, sandbox: line.sandbox });
  return beginning(found.map(plain), current, prefix);
}

function commandsIn({ command, isHelp }: CommandLine, tree: CommandNode): readonly Candidate[] {
  const names = new Set(command.commands.map(({ name }) => name));
  const topics = isHelp && command === tree ? helpTopics.filter(({ name }) => !names.has(name)) : [];
  return [...command.commands, ...topics].map(({ name, summary }) => ({ word: name, description: summary }));
}

function optionsIn(line: CommandLine): readonly Candidate[] {
  return line.options.flatMap(({ names, description }) => names.map((word) => ({ word, description })));
}

/** Completes an option, or its value after `=`. */
async function completeOption(line: CommandLine, request: CompletionRequest): Promise<Completion> {
  const [, prefix = '', name = ''] = /^((--[^=]+)=)/.exec(request.current) ?? [];
  if (prefix === '') return beginning(optionsIn(line), request.current);
  const option = line.find(name);
  return option?.value ? valuesOf(option.value, { names: option.names, prefix, line }, request) : nothing;
}

/** Completes a subcommand or an argument. */
async function completeOperand(line: CommandLine, request: CompletionRequest): Promise<Completion> {
  const { tree, current } = request;
  const { arguments: known, commands } = line.command;
  if (commands.length > 0 && line.operandCount === 0) return beginning(commandsIn(line, tree), current);
  const last = known.at(-1);
  const argument = known[line.operandCount] ?? (last?.variadic === true ? last : undefined);
  if (argument !== undefined) return valuesOf(argument, { names: [], prefix: '', line }, request);
  const isComplete = line.operandCount === known.length;
  return current === '' && line.takesOptions && isComplete ? beginning(optionsIn(line), current) : nothing;
}

/** Completes the current word of a command line. Never rejects unless `regionNames` does. */
export async function completeWords(request: CompletionRequest): Promise<Completion> {
  const { tree, before, current } = request;
  const line = new CommandLine(tree, before);
  if (line.isHelp) return line.operandCount > 0 ? nothing : beginning(commandsIn(line, tree), current);
  const { pending } = line;
  if (pending?.value && (pending.value.required || !isDashed(current)))
    return valuesOf(pending.value, { names: pending.names, prefix: '', line }, request);
  return line.takesOptions && current.startsWith('-') ? completeOption(line, request) : completeOperand(line, request);
}

/** The lines that the scripts of the shells read: the kind, then a word with its description on each line. */
export function completionLines(completion: Completion): string {
  if (completion.kind === 'files') return `files\t${completion.prefix}\n`;
  return ['words', ...completion.words.map(({ word, description }) => `${word}\t${description}`), ''].join('\n');
}
