import fc from 'fast-check';

/**
 * The same generated cases in every run, so that what fails was broken by the change at hand and not by chance.
 * `SEED=$RANDOM npx vitest run` tries cases that no run has seen yet.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_121) });
