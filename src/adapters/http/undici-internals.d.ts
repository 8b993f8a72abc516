/** Types for the private undici paths used by `undici.ts`; undici types only its public entry. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}

declare module 'undici/lib/core/connect.js' {
  import type { Socket } from 'node:net';
  import type { buildConnector } from 'undici';
  /** Unlike its public type, the returned connector returns the socket. */
  export default function build(
    options: buildConnector.BuildOptions,
  ): (...connect: Parameters<buildConnector.connector>) => Socket;
}
