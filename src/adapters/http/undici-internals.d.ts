/** The private paths of undici that `undici.ts` takes; undici types its public entry only. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}

declare module 'undici/lib/core/connect.js' {
  import type { Socket } from 'node:net';
  import type { buildConnector } from 'undici';
  /** Unlike its public type, what it builds answers the socket that it connects. */
  export default function build(
    options: buildConnector.BuildOptions,
  ): (...connect: Parameters<buildConnector.connector>) => Socket;
}
