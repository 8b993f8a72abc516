// The floor: only the same requests, over the same number of connections.
import { Agent, request } from 'undici';

const { url, rows, concurrency, connections } = JSON.parse(process.argv[2]);
const dispatcher = new Agent({ connections });
const headers = { 'content-type': 'application/x-www-form-urlencoded' };

async function post(path, form) {
  const body = new URLSearchParams({ ...form, key: 'bench', json: '1' }).toString();
  const answer = await request(`${url}${path}`, { method: 'POST', headers, body, dispatcher });
  const { status, request: payload } = JSON.parse(await answer.body.text());
  if (status !== 1) throw new Error(payload);
  return payload;
}

let next = 0;
async function work() {
  while (next < rows) {
    next += 1;
    const task = { method: 'turnstile', sitekey: `0x4AAA${next}`, pageurl: `https://example.com/login/${next}` };
    const id = await post('/in.php', task);
    await post('/res.php', { action: 'get', id });
  }
}

await Promise.all(Array.from({ length: concurrency }, work));
await dispatcher.close();
