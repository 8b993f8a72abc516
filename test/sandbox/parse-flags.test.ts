import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/domain/errors.ts';
import { parseSandboxFlags, type SandboxFlags } from '../../src/sandbox/parse-flags.ts';

describe('parseSandboxFlags', () => {
  it.each<[string, SandboxFlags, unknown]>([
    ['nothing', {}, {}],
    ['a status', { fault: ['503:0.1'] }, { faults: [{ mode: '503', share: 0.1 }] }],
    ['a share without a leading zero', { fault: ['reset:.5'] }, { faults: [{ mode: 'reset', share: 0.5 }] }],
    [
      'a code with a colon',
      { fault: ['ERROR: 1005:1', 'poll/hang:0'] },
      {
        faults: [
          { mode: 'ERROR: 1005', share: 1 },
          { mode: 'poll/hang', share: 0 },
        ],
      },
    ],
    [
      'an outage',
      { outage: ['submit/html:5s-1.5m'] },
      { outages: [{ mode: 'submit/html', fromMs: 5_000, toMs: 90_000 }] },
    ],
    ['a latency range', { latency: '50ms-150ms' }, { latencyMs: [50, 150] }],
    ['a fixed latency', { latency: '2s' }, { latencyMs: [2_000, 2_000] }],
    ['regions', { regions: 'a, b-1' }, { regions: ['a', 'b-1'] }],
    ['a balance, as written', { balance: '1.0E-5' }, { balance: '1.0E-5' }],
    ['a wait in whole seconds', { retryAfter: '1500ms' }, { retryAfter: '2' }],
    ['quirks', { quirk: ['numeric-ids', 'error-text'] }, { quirks: ['numeric-ids', 'error-text'] }],
    ['numbers and the key', { threads: '5', port: '0', key: 'abc' }, { threads: 5, port: 0, key: 'abc' }],
  ])('reads %s', (_, flags, options) => {
    expect(parseSandboxFlags(flags)).toEqual(options);
  });

  it.each<[SandboxFlags, string, string]>([
    [{ fault: ['503'] }, '--fault: "503" is not MODE:SHARE', '--fault 503:0.1'],
    [{ fault: ['bogus:0.1'] }, '--fault: "bogus" is not a fault mode', '--fault 503:0.1'],
    [{ fault: ['600:0.1'] }, '--fault: "600" is not a fault mode', '100 to 599'],
    [{ fault: ['503:10%'] }, '--fault: the share "10%" is not a number from 0 to 1', '--fault 503:0.1'],
    [{ fault: ['503:1.5'] }, '--fault: the share "1.5" is not a number from 0 to 1', '--fault 503:0.1'],
    [{ outage: ['503:5-20'] }, '--outage: "5" is not a duration: did you mean 5s?', '--outage 503:5s-20s'],
    [{ outage: ['503:20s-5s'] }, '--outage: "20s-5s" ends before it begins', '--outage 503:5s-20s'],
    [{ outage: ['503:5s'] }, '--outage: "5s" is not FROM-TO', '--outage 503:5s-20s'],
    [{ outage: ['hang'] }, '--outage: "hang" is not MODE:FROM-TO', '--outage 503:5s-20s'],
    [{ latency: '60' }, '--latency: "60" is not a duration: did you mean 60s?', '--latency 50ms-150ms'],
    [{ latency: '1s-2s-3s' }, '--latency: "1s-2s-3s" is not MIN-MAX', '--latency 50ms-150ms'],
    [{ latency: '-1' }, '--latency: "-1" is not MIN-MAX', '--latency 50ms-150ms'],
    [{ latency: '1s-' }, '--latency: "1s-" is not MIN-MAX', '--latency 50ms-150ms'],
    [{ latency: '' }, '--latency: "" is not a duration', '--latency 50ms-150ms'],
    [{ outage: ['503:-5s'] }, '--outage: "-5s" is not FROM-TO', '--outage 503:5s-20s'],
    [{ latency: '2s-1s' }, '--latency: "2s-1s" ends before it begins', '--latency 50ms-150ms'],
    [{ regions: 'a,,b' }, '--regions: "" is not a valid region name', '--regions us-east-1,eu-west-1'],
    [{ regions: 'a,a' }, '--regions: "a" is named twice', '--regions us-east-1,eu-west-1'],
    [{ threads: '0' }, '--threads: "0" is not a whole number from 1 to 100000', '--threads 20'],
    [{ key: '' }, '--key: the key is empty', 'Leave out --key'],
    [{ balance: 'much' }, '--balance: "much" is not a number', '--balance 12.5'],
    [{ retryAfter: '7' }, '--retry-after: "7" is not a duration: did you mean 7s?', '--retry-after 7s'],
    [{ quirk: ['numeric-id'] }, '--quirk: "numeric-id" is not a quirk', 'did you mean numeric-ids?'],
    [{ port: '99999' }, '--port: "99999" is not a whole number from 0 to 65535', '--port 8787'],
  ])('refuses %j with an example', (flags, message, example) => {
    const parse = () => parseSandboxFlags(flags);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ hint: expect.stringContaining(example) as string }));
  });
});
