import { type Survey, surveyInput } from '../../core/batch/survey.ts';
import { UsageError } from '../../domain/usage-error.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderSurvey } from '../output/batch-view.ts';
import type { BadRows } from './bad-rows.ts';
import type { BatchFlags } from './batch-flags.ts';
import type { BatchInput } from './read-input.ts';

interface Check {
  readonly flags: BatchFlags;
  readonly input: BatchInput;
  readonly badRows: BadRows;
}

/** `exitCode`: not null where there is nothing more to do. `survey`: null for an input that can be read once only. */
export interface Checked {
  readonly exitCode: number | null;
  readonly survey: Survey | null;
}

/** Looks at the whole input before the first submission, where it can be read twice. */
export async function checkInput({ flags, input, badRows }: Check, { terminal, globals }: Context): Promise<Checked> {
  if (!input.source.isRepeatable && flags.strict === true) {
    throw new UsageError('--strict needs an input that can be read twice', 'give it a file, or leave --strict out');
  }
  if (!input.source.isRepeatable && flags.dryRun !== true) return { exitCode: null, survey: null };
  const survey = await surveyInput(input.records(), (bad) => badRows.report(bad));
  const surveyed = { empty: input.progress.emptyCount, columns: input.plan };
  if (flags.dryRun === true) {
    await (globals.json
      ? terminal.json({ tasks: survey.rows - survey.bad, ...survey, ...surveyed })
      : terminal.result(renderSurvey(survey, surveyed)));
  }
  if (flags.strict === true && survey.bad > 0) {
    throw new UsageError(`${survey.bad} of ${survey.rows} rows cannot be tasks`, 'mend them, or leave --strict out');
  }
  if (flags.dryRun === true) {
    return { exitCode: survey.bad > 0 ? exitCodes.notAllSolved : exitCodes.done, survey };
  }
  return { exitCode: null, survey };
}
