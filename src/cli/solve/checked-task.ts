import type { Config } from '../../config/schema.ts';
import { decidePolicy } from '../../core/routing/policy.ts';
import type { Task } from '../../domain/task.ts';
import { UsageError } from '../../domain/usage-error.ts';
import { reservedParameters, taskProblems, wireParameters } from '../../protocol/wire.ts';
import { PolicyDenied } from './policy-denied.ts';
import type { TaskRefusal } from './task-refusal.ts';
import { type RegionOf, taskRegions } from './task-region.ts';

/** What a person says about a task, before it is checked. */
export interface TaskInput {
  readonly taskId: string;
  readonly method: string | null;
  readonly sitekey: string | null;
  readonly pageurl: string | null;
  /** The page's own action name (reCAPTCHA v3, Turnstile), `action` on the wire. */
  readonly pageAction: string | null;
  /** An image as bare base64, or null. */
  readonly body: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly region: string | null;
}

const reservedHints: Readonly<Record<string, string>> = {
  action: "for the page's own action use --page-action, in a batch the column page_action",
  method: 'use --method',
};

function reservedRefusal(params: Readonly<Record<string, string>>): readonly TaskRefusal[] {
  const reserved = Object.keys(params).filter((name) => reservedParameters.has(name));
  return reserved.map((name) => ({
    about: name,
    reason: `the parameter ${name} is set by captcha itself`,
    fix: reservedHints[name] ?? null,
  }));
}

/** What the method asks for and the policy allows. */
function refusalsOf(task: Task, { policy }: Config): readonly TaskRefusal[] {
  const problems = taskProblems(task).map(({ about, text }) => ({ about, reason: text, fix: null }));
  if (problems.length > 0) return problems;
  // What is sent is judged: a parameter can name the page, too.
  const decision = decidePolicy(policy, wireParameters(task)['pageurl'] ?? null);
  return decision.allowed
    ? []
    : [
        {
          about: 'pageurl',
          reason: `not sent: denied by ${decision.rule}`,
          fix: 'see policy.allow and policy.deny in captcha config show',
          denied: true,
        },
      ];
}

/** What tasks are judged by, compiled once for many of them. */
export interface TaskRules {
  readonly config: Config;
  readonly regionOf: RegionOf;
}

export function taskRules(config: Config): TaskRules {
  return { config, regionOf: taskRegions(config) };
}

/** The task, with the parameters of its region, or why it cannot or must not be sent. */
export function parseTask(input: TaskInput, { config, regionOf }: TaskRules): Task | readonly TaskRefusal[] {
  const { taskId, sitekey, pageurl, body } = input;
  const reserved = reservedRefusal(input.params);
  if (reserved.length > 0) return reserved;
  if (body === '') return [{ about: 'body', reason: 'the image is empty', fix: null }];
  const method = input.method ?? (body === null ? null : 'base64');
  if (method === null) return [{ about: 'method', reason: 'nothing to solve: no method and no image', fix: null }];
  const found = regionOf(input.region, pageurl ?? input.params['pageurl'] ?? null);
  if ('reason' in found) return [found];
  const { region, rule } = found;
  const action = input.pageAction === null ? {} : { action: input.pageAction };
  // Spreading takes longer than all the rest, and a batch is long.
  const isPlain = region === null && input.pageAction === null;
  const params = isPlain ? input.params : { ...region?.params, ...input.params, ...action };
  const task: Task = { taskId, method, sitekey, pageurl, body, params, region: region?.name ?? null, rule };
  const refusals = refusalsOf(task, config);
  return refusals.length > 0 ? refusals : task;
}

/** The same for one task on the command line: throws `UsageError`. */
export function checkedTask(input: TaskInput, config: Config): Task {
  const parsed = parseTask(input, taskRules(config));
  if (!Array.isArray(parsed)) return parsed as Task;
  const refusals = parsed as readonly TaskRefusal[];
  const fix = refusals[0]?.fix ?? 'see captcha solve --help';
  const why = refusals.map(({ reason }) => reason).join('\n  ');
  throw refusals.some(({ denied }) => denied) ? new PolicyDenied(why, fix) : new UsageError(why, fix);
}
