import './late-tiering-2.ts';

/** The two parts of undici that probes need: all of it would take most of the time that a look at the regions needs. */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
