/** Thrown where a log that processes share cannot be used, or not any more; the message says why, and what helps. */
export class LogLost extends Error {
  override readonly name = 'LogLost';
}
