import type { CommandRow } from '../cli/program.ts';

/** Every command, in the order of the help page. To add a command, create its folder and add an entry here. */
export const commands: readonly CommandRow[] = [
  {
    name: 'solve',
    group: 'Solve',
    summary: 'solve one CAPTCHA and print the solution',
    load: () => import('./solve/command.ts'),
  },
  {
    name: 'batch',
    group: 'Solve',
    summary: 'solve the tasks of a CSV or JSON Lines file',
    load: () => import('./batch/command.ts'),
  },
  {
    name: 'result',
    group: 'Solve',
    summary: 'fetch the solutions of submitted captcha ids',
    load: () => import('./result/command.ts'),
  },
  {
    name: 'report',
    group: 'Solve',
    summary: 'report solutions as correct or incorrect',
    load: () => import('./report/command.ts'),
  },
  {
    name: 'methods',
    group: 'Solve',
    summary: 'list the known methods and their parameters',
    load: () => import('./methods/command.ts'),
  },
  {
    name: 'route',
    group: 'Regions',
    summary: 'show which region handles a URL, and why',
    load: () => import('./route/command.ts'),
  },
  {
    name: 'health',
    group: 'Regions',
    summary: 'show the health of every region and the failover targets',
    load: () => import('./health/command.ts'),
  },
  {
    name: 'failover',
    group: 'Regions',
    summary: 'show where the tasks of unhealthy regions go, or move them',
    load: () => import('./failover/command.ts'),
  },
  {
    name: 'worker',
    group: 'Fleet',
    summary: 'solve the tasks in the queue of a region',
    load: () => import('./worker/command.ts'),
  },
  {
    name: 'results',
    group: 'Fleet',
    summary: 'write results from the results queue to a file',
    load: () => import('./results/command.ts'),
  },
  {
    name: 'queue',
    group: 'Fleet',
    summary: 'show queues and dead letters, or requeue dead letters',
    load: () => import('./queue/command.ts'),
  },
  {
    name: 'budget',
    group: 'Protection',
    summary: 'show or reset the shared retry budget and circuit breaker',
    load: () => import('./budget/command.ts'),
  },
  {
    name: 'hold',
    group: 'Protection',
    summary: 'stop all submissions of this account for a while',
    load: () => import('./hold/command.ts'),
  },
  {
    name: 'release',
    group: 'Protection',
    summary: 'end a hold: submissions continue',
    load: () => import('./release/command.ts'),
  },
  {
    name: 'simulate',
    group: 'Protection',
    summary: 'simulate retries during an outage, in simulated time',
    load: () => import('./simulate/command.ts'),
  },
  {
    name: 'config',
    group: 'Set-up',
    summary: 'show, validate or describe the configuration',
    load: () => import('./config/command.ts'),
  },
  {
    name: 'doctor',
    group: 'Set-up',
    summary: 'check key, service, clock, state folder, queues and regions',
    load: () => import('./doctor/command.ts'),
  },
  {
    name: 'balance',
    group: 'Set-up',
    summary: "print the account's balance",
    load: () => import('./balance/command.ts'),
  },
  {
    name: 'threads',
    group: 'Set-up',
    summary: "print the account's threads and how many are busy",
    load: () => import('./threads/command.ts'),
  },
  {
    name: 'usage',
    group: 'Set-up',
    summary: "show the account's usage and whether its plan fits",
    load: () => import('./usage/command.ts'),
  },
  {
    name: 'sandbox',
    group: 'Set-up',
    summary: 'run the CaptchaAI-compatible test service on loopback',
    load: () => import('./sandbox/command.ts'),
  },
  {
    name: 'completion',
    group: 'Set-up',
    summary: 'print a script that completes captcha command lines',
    load: () => import('./completion/command.ts'),
  },
  {
    name: 'man',
    group: 'Set-up',
    summary: 'show the manual page',
    load: () => import('./man/command.ts'),
  },
  {
    name: 'help',
    group: 'Set-up',
    summary: 'show the help of a command or a topic',
    load: () => import('./help/command.ts'),
  },
];
