import { submitAndPoll } from './bare-client.js';

// The client of the retry-storm article, with its limits and its budget of ten retries per second, in its own process.
const [url] = process.argv.slice(2);
const budget = { perSecond: 10, tokens: 10, refilledAt: Date.now() };

function acquire() {
  const now = Date.now();
  const earned = ((now - budget.refilledAt) / 1_000) * budget.perSecond;
  budget.tokens = Math.min(budget.perSecond, budget.tokens + earned);
  budget.refilledAt = now;
  if (budget.tokens < 1) return false;
  budget.tokens -= 1;
  return true;
}

async function solve(maxAttempts = 3) {
  for (let attempt = 0; ; attempt += 1) {
    if (attempt > 0) {
      if (!acquire()) throw new Error('retry budget exhausted');
      const waitMs = Math.random() * Math.min(1_000 * 2 ** attempt, 30_000);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    try {
      return await submitAndPoll(url);
    } catch (error) {
      if (attempt + 1 === maxAttempts) throw error;
    }
  }
}

await solve();
