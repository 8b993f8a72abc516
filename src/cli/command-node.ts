/** An argument or an option's value. */
export interface ValueNode {
  /** As the usage names it: `file`, `name=file`. */
  readonly name: string;
  readonly required: boolean;
  /** The known values; empty if any value is possible. */
  readonly choices: readonly string[];
}

export interface ArgumentNode extends ValueNode {
  readonly variadic: boolean;
  readonly description: string;
}

export interface OptionNode {
  /** As help shows it: `-q, --quiet`. */
  readonly flags: string;
  /** The spellings: `-q`, `--quiet`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly repeatable: boolean;
  /** Null for an option without a value. */
  readonly value: ValueNode | null;
}

/** A command, what it takes, and the commands below it. */
export interface CommandNode {
  readonly name: string;
  /** The section of the main help page; null for a subcommand. */
  readonly group: string | null;
  readonly summary: string;
  readonly arguments: readonly ArgumentNode[];
  /** Without hidden ones; those of the program apply to every command. */
  readonly options: readonly OptionNode[];
  /** What stands under its help page, in lines of at most 72 characters if the words allow it: notes and examples. */
  readonly notes: string;
  readonly commands: readonly CommandNode[];
}
