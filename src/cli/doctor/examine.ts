import { UsageError } from '../../domain/usage-error.ts';
import type { Context } from '../context.ts';
import { withoutControls } from '../output/control-characters.ts';
import { checkNames, type CheckName, type CheckReport } from './checks.ts';
import { failure, type Finding } from './finding.ts';
import { looks } from './looks.ts';
import { openWard, type Ward } from './ward.ts';

/** Lines stay, and nothing else that a terminal would obey. */
const clean = (text: string): string => text.split('\n').map(withoutControls).join('\n');

/** A check that cannot be made is a finding, too: the others go on. */
async function find(check: CheckName, ward: Ward): Promise<Finding> {
  try {
    return await looks[check](ward);
  } catch (error) {
    if (error instanceof UsageError) return failure(error.message, error.hint);
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    ward.context.terminal.note(stack, { level: 1 });
    return failure(`could not be looked at: ${message}`, 'please report it; -v shows where it happened');
  }
}

/** Makes every check, one after the other; `onCheck` is told of each before it is made. Never stops at a failure. */
export async function examine(context: Context, onCheck: (check: CheckName) => void): Promise<readonly CheckReport[]> {
  const ward = openWard(context, await context.doctor());
  const reports: CheckReport[] = [];
  for (const check of checkNames) {
    onCheck(check);
    const { status, found, fix } = await find(check, ward);
    reports.push({ check, status, found: clean(found), fix: fix === null ? null : clean(fix) });
  }
  return reports;
}
