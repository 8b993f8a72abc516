// @2captcha/captcha-solver: a single try, for a shell loop.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [url, folder] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
// The address is not configurable: it is replaced before the module that reads it is loaded.
const { supportedProviders } = require('@2captcha/captcha-solver/dist/structs/constants/constants.js');
Object.assign(supportedProviders.twoCaptcha, { in: `${url}/in.php`, res: `${url}/res.php` });
const { Solver } = require('@2captcha/captcha-solver');

await new Solver('bench', 100).cloudflareTurnstile({ sitekey: '0x4AAA', pageurl: 'https://example.com/login' });
