import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** The end of a command. */
export async function exitCodeOf(command: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

/**
 * The exit code of a health check (`CMD`, then an argument vector) if its path answers with `status`; any other path
 * answers 404. Port 8080 stands for the endpoint's port.
 */
export async function runProbe([shell, command = '', ...args]: readonly string[], path: string, status: number) {
  if (shell !== 'CMD') throw new Error(`not an argument vector: ${String(shell)}`);
  const server = createServer(({ url }, answer) => answer.writeHead(url === path ? status : 404).end());
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const here = args.map((word) => word.replace('127.0.0.1:8080', `127.0.0.1:${port}`));
  if (here.join() === args.join()) throw new Error('the probe does not ask 127.0.0.1:8080');
  return exitCodeOf(command, here);
}
