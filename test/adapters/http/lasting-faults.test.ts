import { describe, expect, it } from 'vitest';
import { HttpCallHandler, type HttpCall } from '../../../src/adapters/http/http-call.ts';
import { readResponse, type Reader, usualRetryAfter } from '../../../src/adapters/captchaai/read-response.ts';
import type { Fault } from '../../../src/domain/fault.ts';

const controller = { abort: () => undefined } as unknown as Parameters<HttpCallHandler['onRequestStart']>[0];

/** The fault of a submission that ends with an error of this code, before or after its first byte. */
function faultOf(code: string, { isSent = false, isFound = false } = {}): Fault {
  const calls: HttpCall[] = [];
  const handler = new HttpCallHandler((call) => calls.push(call));
  if (isSent) handler.onRequestStart(controller);
  handler.onResponseError(controller, Object.assign(new Error('unseen'), { code }));
  const reader: Reader = {
    ...{ call: 'submit', host: 'h', errorKinds: {}, timestamp: 0, isFound },
    retryAfter: usualRetryAfter,
    clean: (text) => text,
  };
  const [call] = calls;
  const reading = readResponse(call as HttpCall, reader);
  if (reading.type !== 'fault') throw new Error('not a fault');
  return reading.fault;
}

describe('an error before the first byte', () => {
  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /certificate is self-signed\. .*NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unknown authority\. .*NODE_EXTRA_CA_CERTS/],
    ['CERT_HAS_EXPIRED', /has expired\. Check this machine's clock/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /for another host name\. Check the host name/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /does not use TLS.*\. Check the scheme and the port/],
    ['ENOTFOUND', /the host name is unknown\. Check the host name/],
    ['EINVAL', /not valid\. Check the address/],
  ])('%s is the configuration: waiting does not mend it', (code, message) => {
    const fault = faultOf(code);
    expect(fault).toMatchObject({ kind: 'config', answerLost: false, neverSent: true });
    expect(fault.message).toMatch(message);
  });

  it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL'])('%s is a limit of this machine', (code) => {
    const fault = faultOf(code);
    expect(fault).toMatchObject({ kind: 'local', answerLost: false, neverSent: true });
    expect(fault.message).toMatch(/Lower --concurrency or api\.connections/);
  });

  it.each(['ECONNREFUSED', 'ENETUNREACH', 'EAI_AGAIN', 'ECONNRESET', 'UND_ERR_SOCKET'])('%s may pass', (code) => {
    expect(faultOf(code)).toMatchObject({ kind: 'transport', neverSent: true });
  });

  it('may pass where the host has answered and its name is unknown now', () => {
    expect(faultOf('ENOTFOUND', { isFound: true })).toMatchObject({ kind: 'transport', neverSent: true });
    expect(faultOf('CERT_HAS_EXPIRED', { isFound: true })).toMatchObject({ kind: 'config' });
  });
});

it.each(['EPROTO', 'EMFILE', 'EINVAL'])('%s after the first byte may have been charged', (code) => {
  expect(faultOf(code, { isSent: true })).toMatchObject({ kind: 'transport', answerLost: true, neverSent: false });
});
