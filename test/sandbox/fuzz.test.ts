import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/protocol/answer.ts';
import { readMultipart } from '../../src/sandbox/request.ts';
import { runSandbox } from './running-sandbox.ts';
import { runs } from '../support/exhaustive.ts';

const names = fc.constantFrom(
  'key',
  'method',
  'json',
  'action',
  'id',
  'ids',
  'pageurl',
  'sitekey',
  'body',
  'proxy',
  'pingback',
);
const values = fc.oneof(fc.string(), fc.constantFrom('1', 'turnstile', 'base64', 'get', 'https://a.b', '__proto__'));
const contentTypes = fc.constantFrom(
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  '?',
);

describe('a malformed request', () => {
  it('gets an answer in the protocol, whatever it contains', async () => {
    const { sandbox } = await runSandbox();
    const paths = fc.constantFrom('/in.php', '/res.php');
    const bodies = fc.oneof(
      fc.string(),
      fc.dictionary(names, values).map((fields) => new URLSearchParams(fields).toString()),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(
        paths,
        fc.dictionary(names, values),
        bodies,
        contentTypes,
        async (...[path, query, body, type]) => {
          const url = `${sandbox.url}${path}?${new URLSearchParams(query).toString()}`;
          const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
          expect(response.status).toBe(200);
          expect(readAnswer(await response.text()).type).not.toBe('unreadable');
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it('that is not HTTP, or is truncated, does not stop the sandbox', async () => {
    const { sandbox } = await runSandbox();
    const port = Number(new URL(sandbox.url).port);
    const raw = fc.oneof(
      fc.string(),
      fc.webPath().map((path) => `GET //${path}?%zz=%&&= HTTP/1.1\r\nHost: x\r\n\r\n`),
      fc.string().map((body) => `POST /in.php HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n${body}`),
    );
    await fc.assert(
      fc.asyncProperty(raw, async (text) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        const closed = once(socket, 'close');
        socket.end(text);
        socket.resume();
        await closed;
        expect((await fetch(`${sandbox.url}/_stats`)).status).toBe(200);
      }),
      { numRuns: runs(60) },
    );
  });
});

it('with arbitrary multipart bytes is read safely', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.array(fc.constantFrom('--b', '\r\n', '\n', '--', 'name=', '"', 'Content-Disposition: form-data; ')),
      (bytes, tokens) => {
        const body = Buffer.concat([Buffer.from(tokens.join('')), bytes]);
        expect(Array.isArray(readMultipart(body, 'multipart/form-data; boundary=b'))).toBe(true);
      },
    ),
  );
});
