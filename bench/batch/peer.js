// The peer: @2captcha/captcha-solver with p-limit. Its argument is the folder where both are installed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { url, rows, concurrency, folder } = JSON.parse(process.argv[2]);
const require = createRequire(join(folder, 'package.json'));
const { default: pLimit } = await import(pathToFileURL(require.resolve('p-limit')).href);
// The address is not configurable: it is replaced before the module that reads it is loaded.
const { supportedProviders } = require('@2captcha/captcha-solver/dist/structs/constants/constants.js');
Object.assign(supportedProviders.twoCaptcha, { in: `${url}/in.php`, res: `${url}/res.php` });
const { Solver } = require('@2captcha/captcha-solver');

const solver = new Solver('bench', 0);
const limit = pLimit(concurrency);
const tasks = Array.from({ length: rows }, (_, row) =>
  limit(() => solver.cloudflareTurnstile({ sitekey: `0x4AAA${row}`, pageurl: `https://example.com/login/${row}` })),
);
await Promise.all(tasks);
