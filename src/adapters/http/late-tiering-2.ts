import { setFlagsFromString } from 'node:v8';

/**
 * V8 would compile undici's HTTP parser a second time in the background of the very first answer, and hold the process's
 * exit until that is done. With this budget it does so where it pays. Must run before undici is loaded.
 */
setFlagsFromString('--wasm-tiering-budget=100000000');
