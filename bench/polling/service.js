// A service whose tasks take the solve times of a model, on an account with a number of threads (0: unlimited). A thread is
// free again when its task is solved. Prints its address; GET /_figures returns the figures and resets them.
// Usage: node --import fast-clock.js service.js MODEL THREADS [--untold: has no threadsinfo]
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { models, seededRandom } from './models.js';

const [model, threads, untold] = process.argv.slice(2);
const most = Number(threads) || Infinity;
const fresh = () => ({
  ...{ startedMs: null, endedMs: 0, usedMs: 0 },
  ...{ delaysMs: [], polls: 0, accepted: 0, refused: 0, requests: 0 },
});
let seen = fresh();
let random = seededRandom(1);
let nextId = 3_000_000_000;
const readyAtMs = new Map();

const working = () => {
  const nowMs = performance.now();
  return [...readyAtMs.values()].filter((ms) => ms > nowMs).length;
};
const failure = (request) => ({ status: 0, request });

function submit() {
  const nowMs = performance.now();
  seen.startedMs ??= nowMs;
  if (working() >= most) {
    seen.refused += 1;
    return failure('ERROR_NO_SLOT_AVAILABLE');
  }
  const solveMs = models[model].solveMs(random);
  seen.accepted += 1;
  seen.usedMs += solveMs;
  readyAtMs.set(String((nextId += 1)), nowMs + solveMs);
  return { status: 1, request: String(nextId) };
}

function poll(id) {
  const nowMs = performance.now();
  const ready = readyAtMs.get(id);
  seen.polls += 1;
  if (ready === undefined) return failure('ERROR_WRONG_CAPTCHA_ID');
  if (ready > nowMs) return failure('CAPCHA_NOT_READY');
  readyAtMs.delete(id);
  seen.delaysMs.push(nowMs - ready);
  seen.endedMs = nowMs;
  return { status: 1, request: `0.${id}` };
}

function answerTo(path, form) {
  if (path === '/_figures') {
    const figures = seen;
    seen = fresh();
    random = seededRandom(1);
    return figures;
  }
  seen.requests += 1;
  if (path === '/in.php') return submit();
  if (form.get('action') === 'get') return poll(form.get('id'));
  if (form.get('action') !== 'threadsinfo' || untold !== undefined || most === Infinity) return null;
  return { status: 1, threads: most, working_threads: working() };
}

const server = createServer({ keepAliveTimeout: 60_000_000 }, (request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { pathname, search } = new URL(request.url, 'http://localhost');
    const answer = answerTo(pathname, new URLSearchParams(body === '' ? search : body));
    const text = JSON.stringify(answer ?? failure('ERROR_NO_SUCH_METHOD'));
    response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' }).end(text);
  });
});
server.listen(0, '127.0.0.1', 511, () => console.log(`http://127.0.0.1:${server.address().port}`));
