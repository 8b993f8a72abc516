/** The key of a task in a journal: 32 hex digits. */
export function keyOf(taskId: string): string {
  return Buffer.from(taskId).toString('hex').padStart(32, '0');
}
