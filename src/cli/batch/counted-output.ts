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

  /** Counts a row before it is written: should that fail, there is no count to be told. */
  write(values: Readonly<Record<string, string>>): Promise<void> {
    const { status, reason = '' } = values;
    if (status === 'solved') this.#solved += 1;
    else {
      this.#failed += 1;
      this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    }
    return this.#output.write(values);
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
