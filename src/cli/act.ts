import type { Context } from './context.ts';

/** Runs a command's work with its flags; a test replaces it to see what the command line was understood as. */
export type Act = <Flags>(run: (flags: Flags, context: Context) => Promise<number>, flags: Flags) => Promise<void>;
