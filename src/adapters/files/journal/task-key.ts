const pattern = /^[0-9a-f]{32}$/;

/** Throws `RangeError` for what is no task's key: a bug, which must not reach the disk. */
export function assertKey(key: string): void {
  if (!pattern.test(key)) throw new RangeError(`a task's key is 32 hex digits, not ${JSON.stringify(key)}`);
}
