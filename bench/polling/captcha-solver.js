// @2captcha/captcha-solver with its own polling, as many tasks at once as the account has threads.
// Usage: node --import fast-clock.js captcha-solver.js URL TASK TASKS WORKERS FOLDER
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [url, task, tasks, workers, folder] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
// The address is not configurable: it is replaced before the module that reads it is loaded.
const { supportedProviders } = require('@2captcha/captcha-solver/dist/structs/constants/constants.js');
Object.assign(supportedProviders.twoCaptcha, { in: `${url}/in.php`, res: `${url}/res.php` });
const { Solver } = require('@2captcha/captcha-solver');

const solver = new Solver('bench');
const { method, ...params } = JSON.parse(task);
const ways = { base64: 'imageCaptcha', turnstile: 'cloudflareTurnstile', userrecaptcha: 'recaptcha' };

let left = Number(tasks);
async function work() {
  while (left > 0) {
    left -= 1;
    await solver[ways[method]](params);
  }
}
await Promise.all(Array.from({ length: Number(workers) }, work));
