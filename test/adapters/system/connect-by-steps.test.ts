import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectBySteps } from '../../../src/adapters/system/connect-by-steps.ts';

async function listening(server: Server = createServer()): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const stepsOf = async (url: string, timeoutMs = 5_000) => {
  const { steps, failed } = await connectBySteps(new URL(url), timeoutMs);
  return { steps: steps.map(({ step }) => step), failed };
};

describe('a connection step by step', () => {
  it('to an address needs no name', async () => {
    const port = await listening();
    expect(await stepsOf(`http://127.0.0.1:${port}`)).toEqual({ steps: ['TCP'], failed: null });
  });

  it('to a name resolves its addresses first', async () => {
    const port = await listening();
    expect(await stepsOf(`http://localhost:${port}`)).toEqual({ steps: ['DNS', 'TCP'], failed: null });
  });

  it('measures each step', async () => {
    const { steps } = await connectBySteps(new URL(`http://127.0.0.1:${await listening()}`), 5_000);
    expect(steps[0]?.durationMs).toBeGreaterThan(0);
  });

  it('names the port without a listener', async () => {
    const failed = { step: 'TCP', error: 'the connection was refused' };
    expect(await stepsOf(`http://127.0.0.1:${await unusedPort()}`)).toEqual({ steps: [], failed });
    expect((await stepsOf(`http://localhost:${await unusedPort()}`)).failed).toEqual(failed);
  });

  it('names TLS if the server disconnects during it', async () => {
    const port = await listening(createServer((socket) => socket.destroy()));
    expect(await stepsOf(`https://127.0.0.1:${port}`)).toMatchObject({ steps: ['TCP'], failed: { step: 'TLS' } });
  });

  it('gives up in time if the server does not answer', async () => {
    const port = await listening(createServer((socket) => onTestFinished(() => void socket.destroy())));
    expect(await stepsOf(`https://127.0.0.1:${port}`, 100)).toMatchObject({
      failed: { step: 'TLS', error: 'no connection in time' },
    });
  });
});
