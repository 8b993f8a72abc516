import './wasm-tiering-flag.ts';

/**
 * undici's Agent and connector without the rest of undici. The public entry also loads fetch, WebSocket, caches and
 * mocks, which takes most of a command's start-up time; the Agent alone takes a fraction of it. The paths are private,
 * so the version is pinned, and a test fails if either changes. The proxy agent, which is used less often, comes from
 * the public entry.
 */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
