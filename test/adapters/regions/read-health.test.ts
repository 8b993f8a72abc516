import { describe, expect, it } from 'vitest';
import { readHealth } from '../../../src/adapters/regions/region-probe.ts';

const nothing = { status: null, activeWorkers: null, queueDepth: null };

describe('a health answer', () => {
  it.each([
    [
      'in camel case',
      '{"status":"healthy","activeWorkers":4,"queueDepth":7}',
      { status: 'healthy', activeWorkers: 4, queueDepth: 7 },
    ],
    ['in snake case', '{"active_workers":4,"queue_depth":7}', { ...nothing, activeWorkers: 4, queueDepth: 7 }],
    ['in both, the first that is a count', '{"queueDepth":null,"queue_depth":7}', { ...nothing, queueDepth: 7 }],
    ['with its word in capitals', '{"status":" UP "}', { ...nothing, status: 'up' }],
    ['that says nothing', '{}', nothing],
    ['in both, the second no count', '{"queueDepth":7,"queue_depth":"7"}', { ...nothing, queueDepth: 7 }],
    ['with null for a count', '{"activeWorkers":null}', nothing],
    ['with a word that is a page', JSON.stringify({ status: 'all is\u001b[31m well' }), nothing],
    ['with a word that is an object', '{"status":{"code":"UP"}}', nothing],
  ])('%s is read', (_name, body, answer) => {
    expect(readHealth(body)).toEqual(answer);
  });

  it.each([['"7"'], ['-5'], ['1.5'], ['1e308'], ['[3]'], ['true']])('reports %s as an invalid count', (written) => {
    expect(readHealth(`{"activeWorkers":${written}}`)).toEqual({
      ...nothing,
      invalidField: 'activeWorkers is not a count',
    });
    expect(readHealth(`{"activeWorkers":2,"queue_depth":${written}}`)).toEqual({
      ...nothing,
      activeWorkers: 2,
      invalidField: 'queue_depth is not a count',
    });
  });

  it.each(['', 'OK', '<html>', '[]', 'null', '"healthy"', '42', '{"status":"healthy"'])('%j is invalid', (body) => {
    expect(readHealth(body)).toBeNull();
  });
});
