// Starts a separate in-memory Redis for the benchmark; null if Redis is not installed.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function startRedis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null;
  const port = await freePort();
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', '/tmp'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const text of child.stdout) if (String(text).includes('Ready to accept connections')) break;
  const command = (...words) => spawnSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).stdout;
  return {
    url: `redis://127.0.0.1:${port}/0`,
    /** Number of script calls since the last reset. */
    calls: () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(command('info', 'commandstats'))?.[1] ?? 0),
    reset: () => command('flushall') && command('config', 'resetstat'),
    stop: () => child.kill(),
  };
}
