import type { OpenOutput } from './batch-files.ts';

/** The rows of an output, those of earlier runs among them. */
export interface RowCounts {
  readonly solved: number;
  readonly failed: number;
  /** Of the failed ones. */
  readonly byReason: Readonly<Record<string, number>>;
}

/** An output that counts its rows by what became of their tasks. */
export class CountedOutput implements OpenOutput {
  readonly #output: OpenOutput;
  readonly #byReason = new Map<string, number>();
  #solved = 0;
  #failed = 0;

  constructor(output: OpenOutput) {
    this.#output = output;
  }

  async write(values: Readonly<Record<string, string>>): Promise<void> {
    await this.#output.write(values);
    const { status, reason = '' } = values;
    if (status === 'solved') this.#solved += 1;
    else {
      this.#failed += 1;
      this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    }
  }

  counts(): RowCounts {
    return { solved: this.#solved, failed: this.#failed, byReason: Object.fromEntries(this.#byReason) };
  }

  publish(): Promise<void> {
    return this.#output.publish();
  }

  close(): Promise<void> {
    return this.#output.close();
  }
}
