import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChild, type Program } from './support/children.ts';
import { rush } from './support/submitting-processes.ts';

let program: Program;
beforeAll(async () => (program = await buildChild(join(import.meta.dirname, 'support/child-submit.ts'))));
afterAll(() => program.remove());

describe('processes with a limit of submissions', () => {
  it('use exactly the limit together, through many generations of the log', async () => {
    const plan = { processes: 6, kills: 0, limit: 40, bytes: 3_000, thinkMs: 2 };
    expect(await rush(program, 'all', plan)).toEqual({ sent: 40, counted: 40, warnings: [] });
  });

  it('use no more of it when some are killed', async () => {
    const plan = { processes: 6, kills: 2, limit: 40, bytes: 3_000, thinkMs: 20 };
    const { sent, counted, warnings } = await rush(program, 'kills', plan);
    expect({ counted, warnings }).toEqual({ counted: 40, warnings: [] });
    // A process that is killed between the count and the submission has used up one place.
    expect(sent).toBeGreaterThanOrEqual(40 - plan.kills);
    expect(sent).toBeLessThanOrEqual(40);
  });
});
