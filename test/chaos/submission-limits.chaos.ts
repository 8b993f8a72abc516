import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChild, type Program } from '../adapters/state/support/children.ts';
import { rush } from '../adapters/state/support/submitting-processes.ts';

let program: Program;
beforeAll(async () => {
  program = await buildChild(join(import.meta.dirname, '../adapters/state/support/child-submit.ts'));
});
afterAll(() => program.remove());

describe('100 processes with a limit of 200 submissions', () => {
  it.each([
    { what: 'submit exactly 200', kills: 0, bytes: 32_768 },
    { what: 'submit exactly 200, one generation of the log after the other', kills: 0, bytes: 2_000 },
    { what: 'count exactly 200 when 20 of them are killed', kills: 20, bytes: 4_000 },
  ])('$what', async ({ what, kills, bytes }) => {
    const report = await rush(program, what, { processes: 100, kills, limit: 200, bytes, thinkMs: 200 });
    console.info(`${what}: ${JSON.stringify(report)}`);
    expect(report.warnings).toEqual([]);
    expect(report.counted).toBe(200);
    expect(report.sent).toBeLessThanOrEqual(200);
    expect(report.sent).toBeGreaterThanOrEqual(200 - kills);
  });
});
