import { describe, expect, it } from 'vitest';
import { parseOwner } from '../../../../src/adapters/files/journal/generation-lock.ts';
import { thisProcess } from '../../../../src/adapters/state/process-identity.ts';

describe('the owner of a lock', () => {
  it('is written and read without loss', () => {
    const owner = { ...thisProcess(), startedAt: 1234 };
    expect(parseOwner(JSON.stringify(owner))).toEqual(owner);
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"pid":0,"space":"s","host":"h","startedAt":1}',
    '{"pid":-1,"space":"s","host":"h","startedAt":1}',
    '{"pid":"7","space":"s","host":"h","startedAt":1}',
    '{"pid":7,"space":"s","startedAt":1}',
    '{"pid":7,"host":"h","startedAt":1}',
  ])('is null for %j', (content) => expect(parseOwner(content)).toBeNull());
});
