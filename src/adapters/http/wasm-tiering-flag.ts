import { setFlagsFromString } from 'node:v8';

/**
 * V8 would compile undici's HTTP parser (WebAssembly) a second time, optimised, in the background of the first answer,
 * and delay the process exit until that ends: about 80 ms of a `captcha solve` of 100 ms. With this budget V8 does so
 * only after a few hundred answers, where it pays off. Must run before undici is loaded.
 */
setFlagsFromString('--wasm-tiering-budget=100000000');
