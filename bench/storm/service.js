// A service with an outage of a given length from the first submission on. GET /_reset returns the figures and resets
// them.
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';

const outageMs = Number(process.argv[2]);
const down = JSON.stringify({ status: 0, request: 'ERROR_INTERNAL_SERVER_ERROR' });
const solved = JSON.stringify({ status: 1, request: `0.${'Zm9yLXN5c3RlbXMtdGhhdC15b3Utb3du'.repeat(8)}` });
const fresh = () => ({ beganMs: null, inOutage: 0, submissions: 0, polls: 0, accepted: 0, peak: 0, bySecond: {} });
let seen = fresh();
let nextId = 3_000_000_000;

function submit() {
  seen.beganMs ??= performance.now();
  const sinceMs = performance.now() - seen.beganMs;
  const second = Math.floor(sinceMs / 1_000);
  seen.submissions += 1;
  seen.bySecond[second] = (seen.bySecond[second] ?? 0) + 1;
  seen.peak = Math.max(seen.peak, seen.bySecond[second]);
  if (sinceMs < outageMs) {
    seen.inOutage += 1;
    return [503, down];
  }
  seen.accepted += 1;
  return [200, JSON.stringify({ status: 1, request: String((nextId += 1)) })];
}

function answerTo(url) {
  if (url.startsWith('/_reset')) {
    const figures = JSON.stringify(seen);
    seen = fresh();
    return [200, figures];
  }
  if (url.startsWith('/in.php')) return submit();
  seen.polls += 1;
  return [200, solved];
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const [status, body] = answerTo(request.url);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', 511, () => console.log(`http://127.0.0.1:${server.address().port}`));
