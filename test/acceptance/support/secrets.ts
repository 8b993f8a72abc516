/** The key of every acceptance test: 32 characters, like a real one. It may occur in POST bodies only. */
export const key = '7e57acce97a9ce0f5ec2e70123456789';

/** The part of `solution` to search for: near its start, so that it is also found in a truncated answer. */
export const solutionMark = 'acceptance-solution';

/** The solution of every task. It may occur on stdout only. */
export const solution = `0.${solutionMark}.${'Zm9yLXN5c3RlbXMtdGhhdC15b3Utb3du'.repeat(6)}`;
