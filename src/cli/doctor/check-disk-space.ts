import type { StateFolderFacts } from '../../ports/state-folder.ts';
import { failure, type Finding, ok, skipped, warning } from './finding.ts';

const mebibyte = 1024 * 1024;
/** A journal takes some 500 bytes for a task: a hundred thousand tasks need half of this. */
const littleBytes = 100 * mebibyte;
const nothingBytes = mebibyte;
const littleInodes = 1_000;

function formatBytes(bytes: number): string {
  if (bytes < 10 * mebibyte) return `${(bytes / mebibyte).toFixed(1)} MiB`;
  if (bytes < 10 * 1024 * mebibyte) return `${Math.floor(bytes / mebibyte)} MiB`;
  return `${Math.floor(bytes / mebibyte / 1024)} GiB`;
}

const fix = 'free space there, or name a folder on another disk in CAPTCHA_STATE_DIR';

/** Whether journals have room to grow. */
export function checkDiskSpace({ freeBytes, freeInodes }: StateFolderFacts): Finding {
  if (freeBytes === null) return skipped('the system does not tell how much is free');
  const files = freeInodes === null ? '' : `, ${freeInodes.toLocaleString('en-US')} files`;
  const found = `${formatBytes(freeBytes)} free${files}`;
  if (freeBytes < nothingBytes || freeInodes === 0) return failure(found, fix);
  const isLittle = freeBytes < littleBytes || (freeInodes ?? Infinity) < littleInodes;
  return isLittle ? warning(found, fix) : ok(found);
}
