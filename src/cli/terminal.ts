import { cleanLines, jsonValue } from './control-characters.ts';
import { formatLocalTime } from './format.ts';
import { eraseBelow, hideCursor, liveRows, type LiveText, showCursor } from './live-rows.ts';

/** The part of a writable stream that is used here. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface TerminalOptions {
  readonly quiet: boolean;
  /** 0 says what matters, 1 every step, 2 every poll. */
  readonly verbosity: number;
  readonly color: boolean;
  readonly logFormat: 'text' | 'json';
}

export interface TerminalStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Whether standard output is closed or the null device; left out, it is not. */
  readonly isDiscarded?: () => boolean;
}

/** How a message that is no error is marked in JSON logs. */
export type Severity = 'info' | 'warn';

export interface NoteOptions {
  /** The verbosity from which it is printed. */
  readonly level?: number;
  /** For JSON logs. */
  readonly fields?: object;
  readonly severity?: Severity;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const sgr: Record<Style, readonly [on: number, off: number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Shorter ones would turn ordinary words into stars; the client has taken them out of what the service said already. */
const minSecretLength = 6;

/** Maximum number of styled texts that are remembered. */
const maxStyled = 1_000;
const styledSpan = /(\u001b\[\d+m[^\u001b]*\u001b\[\d+m)/;

/** Whether a stream gets colours: what the person asked for, then what the stream can do. */
export function wantsColor(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/**
 * The only writer: results go to stdout, messages to stderr. This is the one place where text for people loses the
 * characters that a terminal would obey, wherever it came from.
 */
export class Terminal {
  readonly stderr: OutputStream;
  readonly options: TerminalOptions;
  readonly #stdout: OutputStream;
  readonly #isDiscarded: () => boolean;
  readonly #timestamp: () => number;
  readonly #secrets: string[] = [];
  /** Texts that this program has put in a style; the styles of all other texts are not its own. */
  readonly #styled = new Set<string>();
  #live: LiveText | null = null;
  #pending = Promise.resolve();

  constructor(streams: TerminalStreams, options: TerminalOptions, timestamp: () => number) {
    this.#isDiscarded = streams.isDiscarded ?? (() => false);
    this.#stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.options = options;
    this.#timestamp = timestamp;
    // The caller of the write gets its error; without a listener it would end the process with a stack trace.
    for (const stream of [this.#stdout, this.stderr]) stream.on('error', () => undefined);
  }

  /** Columns of the screen that people read, or null where there is none. */
  get columns(): number | null {
    const { isTTY, columns } = this.#stdout;
    return isTTY === true && columns !== undefined && columns > 0 ? columns : null;
  }

  /** Lines of that screen, or null where there is none. */
  get rows(): number | null {
    const { rows } = this.#stdout;
    return this.columns !== null && rows !== undefined && rows > 0 ? rows : null;
  }

  /** True if written results are discarded without an error. Paid ids must then be named on stderr. */
  get discardsResults(): boolean {
    return this.#isDiscarded();
  }

  /** Keeps a secret out of everything that goes to stderr from now on. */
  hide(secret: string): void {
    if (secret.length < minSecretLength) return;
    this.#secrets.push(secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1));
  }

  /** Writes a result for people. Rejects where it could not be written, `EPIPE` where the reader has gone. */
  result(text: string): Promise<void> {
    return this.#write(cleanLines(text, this.#isStyled));
  }

  /** Writes a result for programs: a file or a pipe gets exactly this text, a screen what it may show of it. */
  data(text: string): Promise<void> {
    return this.#write(this.#stdout.isTTY === true ? cleanLines(text, false) : text);
  }

  /** Writes to the screen as it is: `text` moves the cursor, and everything else in it is clean. */
  screen(text: string): Promise<void> {
    return this.#write(text);
  }

  /** Shows a text on stderr, which must be a screen, below all that is written; null takes it away. */
  live(text: LiveText | null): void {
    if (text === null && this.#live === null) return;
    const start = this.#live === null ? hideCursor : eraseBelow;
    this.#live = text;
    this.#draw(`${start}${text === null ? showCursor : this.#liveRows()}`);
  }

  #liveRows(): string {
    return this.#live === null ? '' : liveRows({ ...this.#live, text: this.shown(this.#live.text) }, this.stderr);
  }

  #draw(text: string): void {
    this.stderr.write(text, () => undefined);
  }

  #write(text: string): Promise<void> {
    const isOverLive = this.#live !== null && this.#stdout.isTTY === true;
    if (isOverLive) this.#draw(eraseBelow);
    const written = new Promise<void>((resolve, reject) => {
      this.#stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
    if (isOverLive) this.#draw(this.#liveRows());
    this.#pending = this.#pending.then(() => written).catch(() => undefined);
    return written;
  }

  /** Writes a result as one JSON document on a line of its own. */
  json(report: object): Promise<void> {
    return this.#write(`${jsonValue({ schemaVersion: 1, ...report })}\n`);
  }

  /** Prints a message at the given verbosity; JSON logs include `fields`. */
  note(text: string, { level = 0, fields = {}, severity = 'info' }: NoteOptions = {}): void {
    if (!this.options.quiet && level <= this.options.verbosity) this.#log(severity, text, fields);
  }

  /** Prints an error, also with `--quiet`. In JSON logs a field `message` replaces the text. */
  error(text: string, fields: object = {}): void {
    this.#log('error', text, fields);
  }

  /** The text in a style, or as it is where there are no colours; logs in JSON never have any. */
  style(style: Style, text: string): string {
    const [on, off] = sgr[style];
    if (!this.#isStyled) return text;
    const styled = `\u001b[${on}m${text}\u001b[${off}m`;
    if (this.#styled.size >= maxStyled) this.#styled.clear();
    this.#styled.add(styled);
    return styled;
  }

  /** The text as it may be shown on stderr: without secrets, and without what a terminal would obey. */
  shown(text: string): string {
    const parts = this.#isStyled ? text.split(styledSpan) : [text];
    const clean = parts.map((part) => (this.#styled.has(part) ? part : cleanLines(part, false))).join('');
    return this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), clean);
  }

  get #isStyled(): boolean {
    return this.options.color && this.options.logFormat === 'text';
  }

  /** Resolves when what was written has left, or cannot. */
  flush(): Promise<void> {
    return this.#pending;
  }

  /** When a message was written, from `-v` on: people at a screen know the day. */
  #stamp(time: string): string {
    if (this.options.verbosity === 0) return '';
    if (this.stderr.isTTY !== true) return `${time} `;
    return `${formatLocalTime(Date.parse(time))}${time.slice('YYYY-MM-DDTHH:MM:SS'.length, -1)} `;
  }

  #log(level: Severity | 'error', text: string, fields: object): void {
    const time = new Date(this.#timestamp()).toISOString();
    const isJson = this.options.logFormat === 'json';
    const line = isJson ? jsonValue({ time, level, message: text, ...fields }) : `${this.#stamp(time)}${text}`;
    const start = this.#live === null ? '' : eraseBelow;
    const shown = `${start}${this.shown(line)}\n${this.#liveRows()}`;
    const written = new Promise<void>((resolve) => this.stderr.write(shown, () => resolve()));
    this.#pending = this.#pending.then(() => written);
  }
}
