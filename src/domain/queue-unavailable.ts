/** Thrown where a queue cannot be reached or refuses: worth trying again later. The message names it, passwords masked. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
}
