// Plain BullMQ: node peer.js work|produce REDIS-PORT CONCURRENCY JOBS. The worker prints when it is ready and, in ms
// since the epoch, when the last job finished; the producer prints when it started.
import { Queue, Worker } from 'bullmq';

const [, , role, port, concurrency, jobs] = process.argv;
const connection = { host: '127.0.0.1', port: Number(port) };
const bulk = 1_000;

async function produce() {
  const queue = new Queue('noop', { connection });
  await queue.waitUntilReady();
  console.log(`began ${Date.now()}`);
  for (let from = 0; from < Number(jobs); from += bulk) {
    const count = Math.min(bulk, Number(jobs) - from);
    await queue.addBulk(Array.from({ length: count }, (_, index) => ({ name: 'noop', data: { row: from + index } })));
  }
  await queue.close();
}

async function work() {
  let done = 0;
  const worker = new Worker('noop', async () => undefined, { connection, concurrency: Number(concurrency) });
  worker.on('completed', () => {
    done += 1;
    if (done === Number(jobs)) console.log(`done ${Date.now()}`);
  });
  await worker.waitUntilReady();
  console.log('ready');
  process.once('SIGTERM', () => void worker.close());
}

await (role === 'produce' ? produce() : work());
