import { describe, expect, it } from 'vitest';
import { readHealth } from '../../../src/adapters/regions/read-health.ts';

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
    ['with numbers that are no counts', '{"queueDepth":-1,"activeWorkers":1.5}', nothing],
    ['with numbers as text', '{"queueDepth":"7","activeWorkers":"many"}', nothing],
    ['with a word that is a page', JSON.stringify({ status: 'all is\u001b[31m well' }), nothing],
    ['with a word that is an object', '{"status":{"code":"UP"}}', nothing],
  ])('%s is read', (_name, body, answer) => {
    expect(readHealth(body)).toEqual(answer);
  });

  it.each(['', 'OK', '<html>', '[]', 'null', '"healthy"', '42', '{"status":"healthy"'])('%j is none', (body) => {
    expect(readHealth(body)).toBeNull();
  });
});
