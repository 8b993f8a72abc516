import type { IncomingMessage } from 'node:http';

/** Larger requests are read to their end, so that the client hears the answer, but not kept. */
export const bodyLimitBytes = 10 * 1024 * 1024;

/** The bytes of a request's body; null where they are more than `bodyLimitBytes`. Rejects when the client hangs up. */
export async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimitBytes) chunks.push(chunk);
  }
  return size > bodyLimitBytes ? null : Buffer.concat(chunks);
}
