import './wasm-tiering-flag.ts';

/**
 * undici's Agent and connector without the rest of undici. The public entry also loads fetch, WebSocket, caches and mocks, which is
 * most of the start-up time of a command; the Agent alone is a fraction of it. The path is private, so the version is
 * pinned, and a test fails when either changes. The proxy agent, rarely needed, comes from the public entry.
 */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
