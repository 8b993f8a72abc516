/** The one private path of undici that `undici.ts` takes; undici types its public entry only. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}
