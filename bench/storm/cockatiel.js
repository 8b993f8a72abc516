import { createRequire } from 'node:module';
import { join } from 'node:path';
import { submitAndPoll } from './bare-client.js';

// cockatiel: ten retries with its default backoff around a breaker that opens after five failures, for ten seconds.
const [url, folder] = process.argv.slice(2);
const { circuitBreaker, ConsecutiveBreaker, ExponentialBackoff, handleAll, retry, wrap } = createRequire(
  join(folder, 'package.json'),
)('cockatiel');

const breaker = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
const policy = wrap(retry(handleAll, { maxAttempts: 10, backoff: new ExponentialBackoff() }), breaker);

await policy.execute(() => submitAndPoll(url));
