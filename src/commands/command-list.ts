import type { CommandRow } from '../cli/program.ts';

/** Every command, in the order of the help page. To add one: its folder, and a line here. */
export const commands: readonly CommandRow[] = [
  {
    name: 'solve',
    summary: 'solve one CAPTCHA and print the solution',
    load: () => import('./solve/command.ts'),
  },
  {
    name: 'batch',
    summary: 'solve the tasks of a CSV or JSON Lines file',
    load: () => import('./batch/command.ts'),
  },
  {
    name: 'route',
    summary: 'say which region takes a URL, and why',
    load: () => import('./route/command.ts'),
  },
  {
    name: 'health',
    summary: 'say how every region is, once or again and again',
    load: () => import('./health/command.ts'),
  },
  {
    name: 'failover',
    summary: 'say where the tasks of unhealthy regions go',
    load: () => import('./failover/command.ts'),
  },
  {
    name: 'worker',
    summary: 'solve the tasks in the queue of a region',
    load: () => import('./worker/command.ts'),
  },
  { name: 'results', summary: 'write down what workers solved', load: () => import('./results/command.ts') },
  { name: 'queue', summary: 'show queues and what was set aside', load: () => import('./queue/command.ts') },
  {
    name: 'budget',
    summary: 'show the shared retry budget and breaker',
    load: () => import('./budget/command.ts'),
  },
  {
    name: 'result',
    summary: 'collect solutions of ids that were paid for',
    load: () => import('./result/command.ts'),
  },
  { name: 'balance', summary: "print the account's balance", load: () => import('./balance/command.ts') },
  {
    name: 'threads',
    summary: "print the account's threads and how many are busy",
    load: () => import('./threads/command.ts'),
  },
  {
    name: 'report',
    summary: 'tell the service whether solutions were right',
    load: () => import('./report/command.ts'),
  },
  {
    name: 'config',
    summary: 'show, validate or describe the configuration',
    load: () => import('./config/command.ts'),
  },
  {
    name: 'doctor',
    summary: 'check key, service, clock, state folder and regions',
    load: () => import('./doctor/command.ts'),
  },
  {
    name: 'simulate',
    summary: 'show what an outage does to retries, in virtual time',
    load: () => import('./simulate/command.ts'),
  },
  {
    name: 'sandbox',
    summary: 'run a CaptchaAI-compatible service on loopback',
    load: () => import('./sandbox/command.ts'),
  },
];
