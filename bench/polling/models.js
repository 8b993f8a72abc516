// The solve times of docs/performance.md, in ms. The same seed gives the same times.

/** Park and Miller's generator: numbers above 0 and below 1. */
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const normal = (random) => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
/** Log-normal, by its median in seconds. */
const logNormal = (median, sigma) => (random) => 1_000 * median * Math.exp(sigma * normal(random));
const either = (one, other) => (random) => (random() < 0.5 ? one(random) : other(random));
const between = (from, to) => (random) => 1_000 * (from + (to - from) * random());

const turnstile = { method: 'turnstile', sitekey: '0x4AAA', pageurl: 'https://example.com/login' };
const recaptcha = { method: 'userrecaptcha', googlekey: '6Le-wvkS', pageurl: 'https://example.com/login' };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** Padded, since services refuse an image of less than 100 bytes. */
const body = Buffer.concat([Buffer.from(pixel, 'base64'), Buffer.alloc(100)]).toString('base64');
const image = { method: 'base64', body };

/**
 * By name: the parameters of a task, how many times as fast the clocks of the benchmark are, and how long a task takes to solve.
 * Fast solves are not scaled: at ten times the speed, the delays of a busy computer would be most of their delay.
 */
export const models = {
  'image 0.6 s': { task: image, scale: 1, solveMs: logNormal(0.6, 0.4) },
  'image 8 s (human)': { task: image, scale: 5, solveMs: logNormal(8, 0.3) },
  'turnstile 6 s': { task: turnstile, scale: 5, solveMs: logNormal(6, 0.4) },
  'reCAPTCHA v3 5 s': { task: recaptcha, scale: 5, solveMs: logNormal(5, 0.4) },
  'reCAPTCHA v2 15 s': { task: recaptcha, scale: 8, solveMs: logNormal(15, 0.5) },
  'reCAPTCHA v2 36 s': { task: recaptcha, scale: 20, solveMs: logNormal(36, 0.4) },
  'two populations 3 s / 20 s': { task: turnstile, scale: 6, solveMs: either(logNormal(3, 0.2), logNormal(20, 0.2)) },
  'turnstile 4 s to 8 s': { task: turnstile, scale: 5, solveMs: between(4, 8) },
};

/** The seven distributions that every client meets. */
export const comparedModels = Object.keys(models).slice(0, 7);

/** The first `count` solve times of a service with this seed. */
export function solveTimes(name, count, seed) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => models[name].solveMs(random));
}
