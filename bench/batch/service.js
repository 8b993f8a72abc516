// A service that accepts and solves at once, with a different solution for each id. Prints its address; GET /_requests
// returns the count and resets it.
import { createServer } from 'node:http';

const solution = `0.${'Zm9yLXN5c3RlbXMtdGhhdC15b3Utb3du'.repeat(8)}`;
const idsInForm = /(?:^|&)ids?=([^&]*)/;
let requestCount = 0;
let nextId = 3_000_000_000;

function answerTo(url, form) {
  if (url.startsWith('/in.php')) return String((nextId += 1));
  const [, ids = ''] = idsInForm.exec(form) ?? idsInForm.exec(url.split('?')[1]) ?? [];
  return decodeURIComponent(ids)
    .split(',')
    .map((id) => `${solution}.${id}`)
    .join('|');
}

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  if (request.url === '/_requests') {
    response.end(String(requestCount));
    requestCount = 0;
    return;
  }
  requestCount += 1;
  let form = '';
  request.on('data', (chunk) => {
    form += chunk.toString('latin1');
  });
  request.on('end', () => response.end(`{"status":1,"request":"${answerTo(request.url, form)}"}`));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
