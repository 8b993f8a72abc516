import fc from 'fast-check';

/**
 * Generates the same cases in every run, so that a failure comes from the current change and not from chance.
 * `SEED=$RANDOM npx vitest run` generates new cases.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_121) });
