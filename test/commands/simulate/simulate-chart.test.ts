import { describe, expect, it } from 'vitest';
import { renderCurves } from '../../../src/commands/simulate/view.ts';

const outage = { fromMs: 60_000, toMs: 90_000 };
const values = Array.from({ length: 300 }, (_, at) => (at === 75 ? 40 : 3));

function drawn(columns: number): readonly string[] {
  return renderCurves([{ title: 'load', values }], { columns, outage, durationMs: 300_000 }).split('\n');
}

describe('the chart of load over time', () => {
  it.each([30, 80, 100, 300])('fits a screen of %d columns', (columns) => {
    expect(Math.max(...drawn(columns).map((line) => line.length))).toBeLessThanOrEqual(columns);
  });

  it('keeps a peak of one second on any width', () => {
    expect(drawn(40).slice(1, 3).join('')).toMatch(/[╭╮]/);
  });

  it('marks the outage under the curve', () => {
    const [line = ''] = drawn(107).slice(-3);
    expect(line.trim()).toMatch(/^-{20}={10}-{70}$/);
    expect(drawn(107).at(-2)).toMatch(/outage 1m 00s to 1m 30s +5m 00s$/);
  });
});
