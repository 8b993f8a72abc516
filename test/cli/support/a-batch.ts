import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { BatchFiles } from '../../../src/cli/batch-files.ts';
import { reportError } from '../../../src/cli/error-report.ts';
import { run } from '../../../src/commands/batch/command.ts';
import type { BatchFlags } from '../../../src/commands/batch/flags.ts';
import { createBatchFiles } from '../../../src/container/batch-files.ts';
import { describeFault, ProviderFault } from '../../../src/domain/fault.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Task } from '../../../src/domain/task.ts';
import { imageText } from '../../support/an-image.ts';
import { aStage, type StageParts } from './a-stage.ts';
import { aSolved } from './outcomes.ts';

/** The folder of the running test; null until the test asks for it. */
let folder: string | null = null;

/** Each test has its own folder. Hooks of this module would be those of the file that loads it first, so it has none. */
function ownFolder(): string {
  if (folder !== null) return folder;
  const created = mkdtempSync(join(tmpdir(), 'batch-'));
  onTestFinished(() => {
    folder = null;
    rmSync(created, { recursive: true });
  });
  folder = created;
  return created;
}

export const place = (name: string): string => join(ownFolder(), name);
export const read = (name: string): string => readFileSync(place(name), 'utf8');
export const statuses = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').slice(0, 4).join(','))
    .toSorted();

export const header = 'task_id,method,body,status';
export const image = imageText();
export const three = `${header}\na,base64,${image},\nb,base64,${image},\nc,base64,${image},\n`;

export interface Call extends StageParts {
  readonly flags?: Partial<BatchFlags>;
  readonly input?: string;
  readonly stdin?: Readable;
  readonly outcome?: (task: Task) => Outcome;
  /** The values of a column in the output. */
  readonly fault?: Error;
}

/** Runs the command in the folder, with real files and a service that answers at once. An error is reported as `captcha` does. */
export async function batch({ flags, input = three, stdin, outcome, fault, ...parts }: Call = {}) {
  writeFileSync(place('in.csv'), input);
  const solve = async (task: Task) => outcome?.(task) ?? aSolved({ taskId: task.taskId });
  const silent = new ProviderFault(describeFault({ kind: 'transport', message: 'no answer' }));
  const stage = aStage({ solve, api: { threads: () => Promise.reject(silent) }, ...parts });
  const process = { env: { CAPTCHA_STATE_DIR: place('state') }, stdin: stdin ?? Readable.from([]) };
  const files = createBatchFiles(process as unknown as NodeJS.Process, stage.context);
  const openOutput: BatchFiles['openOutput'] = async (request, rules) => {
    const output = await files.openOutput(request, rules);
    return fault === undefined
      ? output
      : { write: () => Promise.reject(fault), publish: () => output.publish(), close: () => output.close() };
  };
  const context = { ...stage.context, batchFiles: async () => ({ ...files, openOutput }) };
  try {
    const exitCode = await run({ file: place('in.csv'), out: place('out.csv'), ...flags }, context);
    return { exitCode, out: stage.stdout.text, err: stage.stderr.text, records: stage.records };
  } catch (error) {
    reportError(error, stage.terminal);
    throw Object.assign(error as Error, { stderr: stage.stderr.text });
  } finally {
    await files.close();
  }
}
