import fc from 'fast-check';

/**
 * The same generated courses in every run, so that what fails was broken by the change at hand and not by chance.
 * `SEED=$RANDOM npx vitest run` looks for courses that nobody has seen yet.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_121) });
