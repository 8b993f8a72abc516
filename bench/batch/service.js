// A service that accepts at once and has the answer at once. Says where it listens; GET /_requests counts and resets.
import { createServer } from 'node:http';

const solution = `0.${'Zm9yLXN5c3RlbXMtdGhhdC15b3Utb3du'.repeat(8)}`;
const solved = JSON.stringify({ status: 1, request: solution });
let requestCount = 0;
let nextId = 3_000_000_000;

function answerTo(url) {
  if (url.startsWith('/in.php')) return JSON.stringify({ status: 1, request: String((nextId += 1)) });
  return solved;
}

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  request.resume();
  if (request.url === '/_requests') {
    response.end(String(requestCount));
    requestCount = 0;
    return;
  }
  requestCount += 1;
  request.on('end', () => response.end(answerTo(request.url)));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
