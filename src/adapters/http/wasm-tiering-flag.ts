import { setFlagsFromString } from 'node:v8';

/**
 * V8 would compile undici's HTTP parser (WebAssembly) a second time, optimised, in the background of the very first
 * answer, and hold the process's exit until that is done: about 80 ms of a `captcha solve` that lasts 100. With this
 * budget it does so after a few hundred answers, where it pays. Must run before undici is loaded.
 */
setFlagsFromString('--wasm-tiering-budget=100000000');
