import { describe, expect, it } from 'vitest';
import {
  parseBalance,
  parseSubmitResponse,
  parseThreads,
  type Success,
} from '../../../src/adapters/captchaai/responses.ts';
import { readAnswer } from '../../../src/protocol/answer.ts';

function read(body: string): Success {
  const answer = readAnswer(body);
  if (answer.type === 'code' || answer.type === 'unreadable' || answer.type === 'other-protocol')
    throw new Error(`not a success: ${body}`);
  return answer;
}

describe('pickCaptchaId', () => {
  it.each([
    ['{"status":1,"request":"0123456789"}', '0123456789'],
    ['{"status":1,"request":3397637370}', '3397637370'],
    ['{"status":1,"request":12345678901234567890}', '12345678901234567890'],
    ['OK|a1b2-c3:d4', 'a1b2-c3:d4'],
    [`OK|${'9'.repeat(200)}`, '9'.repeat(200)],
  ])('reads %s as %s', (body, id) => {
    expect(parseSubmitResponse(read(body))).toEqual({ value: id });
  });

  it.each([
    'OK',
    '12345',
    'CAPCHA_NOT_READY',
    'OK|1 2',
    '{"status":1}',
    '{"status":1,"request":""}',
    '{"status":1,"request":"1\\u0000"}',
    '{"status":1,"request":"1\\u202e"}',
    '{"status":1,"request":1.5}',
    '{"status":1,"request":1e21}',
    '{"status":1,"request":true}',
    '{"status":1,"request":{"id":"1"}}',
    `OK|${'9'.repeat(201)}`,
  ])('finds no id in %s', (body) => {
    expect(parseSubmitResponse(read(body))).toEqual({ error: 'a usable id' });
  });
});

describe('pickBalance', () => {
  it.each([
    ['12.345', 12.345],
    ['0', 0],
    ['-0.5', -0.5],
    ['OK|12.345', 12.345],
    ['{"status":1,"request":"12.345"}', 12.345],
    ['{"status":1,"request":" 12.345 "}', 12.345],
    ['{"status":1,"request":12.345}', 12.345],
  ])('reads %s as %d', (body, balance) => {
    expect(parseBalance(read(body))).toEqual({ value: balance });
  });

  it.each([
    'OK',
    '{"status":1,"request":"much"}',
    '{"status":1,"request":""}',
    '{"status":1,"request":null}',
    '{"status":1,"request":"1e"}',
  ])('finds no balance in %s', (body) => {
    expect(parseBalance(read(body))).toEqual({ error: 'a balance' });
  });
});

describe('pickThreads', () => {
  it.each([
    '{"status":1,"threads":5,"working_threads":2}',
    '{"status":1,"threads":"5","working_threads":"2"}',
    '{"threads":5,"working_threads":2}',
    '{"status":1,"request":{"threads":5,"working_threads":"2"}}',
    '{"status":1,"request":"{\\"threads\\":\\"5\\",\\"working_threads\\":2}"}',
    '{"status":1,"request":"OK","threads":5,"working_threads":2}',
    'OK|{"threads":5,"working_threads":2}',
  ])('reads %s', (body) => {
    expect(parseThreads(read(body))).toEqual({ value: { threads: 5, workingThreads: 2 } });
  });

  it.each([
    ['{"status":1,"request":"OK"}', 'threads'],
    ['{"status":1,"working_threads":2}', 'threads'],
    ['{"status":1,"threads":5}', 'working_threads'],
    ['{"status":1,"threads":"many","working_threads":2}', 'threads'],
    ['{"status":1,"threads":-1,"working_threads":2}', 'threads'],
    ['{"status":1,"threads":5,"working_threads":1.5}', 'working_threads'],
    ['5', 'threads'],
  ])('names what is missing in %s: %s', (body, name) => {
    expect(parseThreads(read(body))).toEqual({ error: `a usable number named ${name}` });
  });
});
