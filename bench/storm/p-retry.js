import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { submitAndPoll } from './bare-client.js';

// p-retry with its defaults: ten retries, starting at one second and doubling.
const [url, folder] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { default: pRetry } = await import(pathToFileURL(require.resolve('p-retry')).href);

await pRetry(() => submitAndPoll(url));
