/** The key of every acceptance test: 32 characters, as the service hands them out. It may stand in POST bodies only. */
export const key = '7e57acce97a9ce0f5ec2e70123456789';

/** What of `solution` is searched for: near its beginning, so that it is found in half an answer, too. */
export const solutionMark = 'acceptance-solution';

/** The solution of every task. It may stand on stdout only. */
export const solution = `0.${solutionMark}.${'Zm9yLXN5c3RlbXMtdGhhdC15b3Utb3du'.repeat(6)}`;
