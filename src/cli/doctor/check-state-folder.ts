import type { StateFolderFacts } from '../../ports/state-folder.ts';
import { combined, failure, type Finding, ok, warning } from './finding.ts';

const forGroupAndOthers = 0o077;

const otherFix = 'name a folder that can be written in CAPTCHA_STATE_DIR';
const fixes: Readonly<Record<string, string>> = {
  EACCES: `make it yours (chown, chmod 700), or ${otherFix}`,
  EPERM: `make it yours (chown, chmod 700), or ${otherFix}`,
  ENOSPC: `free space, or ${otherFix}`,
  EDQUOT: `free space in your quota, or ${otherFix}`,
  EROFS: `it is mounted read-only: ${otherFix}`,
  ENOTDIR: `a file stands in its way: move it, or ${otherFix}`,
  EEXIST: `a file stands in its way: move it, or ${otherFix}`,
};

function modeFindings({ path, mode, isOwn }: StateFolderFacts): readonly Finding[] {
  if (!isOwn) return [warning('it belongs to another user', `name a folder of your own in CAPTCHA_STATE_DIR`)];
  if (mode === null || (mode & forGroupAndOthers) === 0) return [];
  const shown = `0${mode.toString(8)}`;
  return [warning(`others may look into it or write there (mode ${shown})`, `chmod 700 ${path}`)];
}

function placeFindings({ isNetwork, fileSystem }: StateFolderFacts): readonly Finding[] {
  if (!isNetwork) return [];
  const found = `it is on a network file system (${fileSystem ?? 'of unknown type'}): budget.scope host degrades to process`;
  return [warning(found, 'name a folder on a local disk in CAPTCHA_STATE_DIR')];
}

/** Whether journals and what processes of this machine share can be kept. */
export function checkStateFolder(facts: StateFolderFacts): Finding {
  const { path, from, existed, problem, fileSystem } = facts;
  const place = `${path} (${from})`;
  if (problem !== null) return failure(`${place}: ${problem.message}`, fixes[problem.code] ?? otherFix);
  const state = existed ? 'is writable' : 'can be made';
  const disk = fileSystem === null ? '' : `, on ${fileSystem}`;
  return combined([ok(`${place} ${state}${disk}`), ...modeFindings(facts), ...placeFindings(facts)]);
}
