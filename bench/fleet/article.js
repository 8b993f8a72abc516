// The worker of the article: every task uses a thread that sleeps five seconds between two polls, with a new connection
// for each request. Node.js has no blocking threads, so each is a loop: node article.js REDIS-PORT LOOPS URL.
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const [, , port, loops, url] = process.argv;
const pollEveryMs = 5_000;
const mostPolls = 60;

function ask(path, form = null) {
  return new Promise((resolve, reject) => {
    const method = form === null ? 'GET' : 'POST';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = request(`${url}${path}`, { method, agent: false, headers }, (answer) =>
      resolve(text(answer).then(JSON.parse)),
    );
    sent.on('error', reject);
    sent.end(form === null ? undefined : new URLSearchParams(form).toString());
  });
}

async function solve({ method, sitekey, pageurl }) {
  const { request: id } = await ask('/in.php', { key: 'bench', method, sitekey, pageurl, json: '1' });
  for (let poll = 0; poll < mostPolls; poll += 1) {
    await sleep(pollEveryMs);
    const { status, request: solution } = await ask(`/res.php?key=bench&action=get&id=${id}&json=1`);
    if (status === 1) return solution;
  }
  return null;
}

async function work() {
  const redis = new Redis({ host: '127.0.0.1', port: Number(port) });
  for (;;) {
    const [, queued] = await redis.brpop('article:tasks', 0);
    await redis.lpush('article:results', JSON.stringify({ solution: await solve(JSON.parse(queued)) }));
  }
}

for (let loop = 0; loop < Number(loops); loop += 1) void work();
console.log('ready');
