import './late-tiering.ts';

/** undici's Agent without the rest of undici, which would take most of the time that a look at the regions needs. */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
