import { describe, expect, it } from 'vitest';
import { metricsTargetOf } from '../../../src/commands/batch/metrics.ts';

describe('batch --metrics', () => {
  it.each([
    [undefined, null],
    [':9400', { port: 9_400 }],
    [':0', { port: 0 }],
    ['run.prom', { file: 'run.prom' }],
    ['./:9400', { file: './:9400' }],
  ])('%s means %j', (text, target) => {
    expect(metricsTargetOf(text)).toEqual(target);
  });

  it.each([':', ':65536', ':http', '-', ''])('%j is neither a file nor a port', (text) => {
    expect(() => metricsTargetOf(text)).toThrow('neither a file nor a port');
  });
});
