/** The final content of a screen, and the operations that led to it. */
export interface Screen {
  /** The lines from the top to the last non-blank one, without trailing blanks. */
  readonly lines: readonly string[];
  readonly cursorIsVisible: boolean;
}

/** One control sequence, or one character. */
const token = /\u001b\[(?<parameters>[?\d;]*)(?<command>[A-Za-z])|(?<character>[\s\S])/gu;

/**
 * A terminal emulator with the features that spinners and tables use: wrapping, erasing, moving and hiding the cursor. With a
 * new width the lines are wrapped again, and the cursor keeps its character, as in the terminals of today.
 */
export class ScreenModel {
  cursorIsVisible = true;
  #columns: number;
  #rows: string[][] = [[]];
  /** Rows that continue the row above. */
  #continued = new Set<number>();
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  get lines(): readonly string[] {
    const lines = this.#rows.map((row) => row.join('').trimEnd());
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  /** Writes text with control sequences. */
  write(text: string): void {
    for (const { groups } of text.matchAll(token)) {
      const { command, parameters = '', character = '' } = groups!;
      if (command === undefined) this.print(character);
      else this.control(command, parameters);
    }
  }

  resize(columns: number): void {
    const [rows, continued, at] = [this.#rows, this.#continued, this.#row];
    [this.#rows, this.#continued, this.#columns] = [[], new Set(), columns];
    for (let row = 0; row < rows.length; row += 1) {
      const isNew = !continued.has(row);
      if (isNew) this.#rows.push([]);
      const before = this.#rows.at(-1)!;
      if (row === at) [this.#row, this.#column] = [this.#rows.length - 1, isNew ? this.#column : before.length];
      this.#rows[this.#rows.length - 1] = [...before, ...rows[row]!];
      while (this.#rows.at(-1)!.length > columns) {
        this.#rows.push(this.#rows.at(-1)!.splice(columns));
        this.#continued.add(this.#rows.length - 1);
      }
    }
  }

  print(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#moveTo(this.#row + 1);
    else this.#put(character);
  }

  control(command: string, parameters: string): void {
    const count = Number(parameters) || 0;
    if (command === 'h' || command === 'l') this.#setMode(parameters, command === 'h');
    else if (command === 'A') this.#moveTo(Math.max(0, this.#row - (count || 1)));
    else if (command === 'G') this.#column = Math.max(0, count - 1);
    else if (command === 'K') this.#erase(count);
    else if (command === 'J') this.#eraseBelow();
    else if (command !== 'm') throw new Error(`the screen does not know CSI ${parameters}${command}`);
  }

  #put(character: string): void {
    if (this.#column === this.#columns) {
      this.#column = 0;
      this.#moveTo(this.#row + 1);
      this.#continued.add(this.#row);
    }
    const row = this.#rows[this.#row]!;
    while (row.length < this.#column) row.push(' ');
    row[this.#column] = character;
    this.#column += 1;
  }

  #moveTo(row: number): void {
    while (this.#rows.length <= row) this.#rows.push([]);
    this.#row = row;
  }

  #setMode(parameters: string, isOn: boolean): void {
    if (parameters === '?25') this.cursorIsVisible = isOn;
  }

  #eraseBelow(): void {
    this.#erase(0);
    this.#rows.length = this.#row + 1;
    for (const row of this.#continued) if (row > this.#row) this.#continued.delete(row);
  }

  #erase(what: number): void {
    const row = this.#rows[this.#row]!;
    if (what === 2) row.length = 0;
    else row.length = Math.min(row.length, this.#column);
  }
}

/** Renders a process's terminal output on a screen with `columns` columns. */
export function screenOf(written: string, columns: number): Screen {
  const terminal = new ScreenModel(columns);
  terminal.write(written);
  return { lines: terminal.lines, cursorIsVisible: terminal.cursorIsVisible };
}
