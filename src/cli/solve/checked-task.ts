import type { Config } from '../../config/schema.ts';
import { decidePolicy } from '../../core/routing/policy.ts';
import type { Task } from '../../domain/task.ts';
import { UsageError } from '../../domain/usage-error.ts';
import { reservedParameters, taskProblems, wireParameters } from '../../protocol/wire.ts';

/** What a person says about a task, before it is checked. */
export interface TaskInput {
  readonly taskId: string;
  readonly method: string | null;
  readonly sitekey: string | null;
  readonly pageurl: string | null;
  /** The page's own action name (reCAPTCHA v3, Turnstile), `action` on the wire. */
  readonly pageAction: string | null;
  /** The bytes of an image, or null. */
  readonly image: Uint8Array | null;
  readonly params: Readonly<Record<string, string>>;
  readonly region: string | null;
}

const reservedHints: Readonly<Record<string, string>> = {
  action: "for the page's own action use --page-action",
  method: 'use --method',
};

function refuseReserved(params: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(params).find((name) => reservedParameters.has(name));
  if (reserved === undefined) return;
  throw new UsageError(`the parameter ${reserved} is set by captcha itself`, reservedHints[reserved] ?? null);
}

function imageBody(image: Uint8Array | null): string | null {
  if (image === null) return null;
  if (image.length === 0) throw new UsageError('the image is empty');
  return Buffer.from(image).toString('base64');
}

function regionOf(name: string | null, { regions, routes }: Config): Config['regions'][number] | null {
  const wanted = name ?? routes.default;
  if (wanted === null) return null;
  const found = regions.find((region) => region.name === wanted);
  if (found !== undefined) return found;
  const names = regions.map((region) => region.name).join(', ');
  throw new UsageError(
    `--region ${wanted}: no such region`,
    names === '' ? 'no regions are configured' : `there are: ${names}`,
  );
}

/** The task, with the parameters of its region. Throws `UsageError` for what cannot or must not be sent. */
export function checkedTask(input: TaskInput, config: Config): Task {
  refuseReserved(input.params);
  const body = imageBody(input.image);
  const method = input.method ?? (body === null ? null : 'base64');
  if (method === null) throw new UsageError('nothing to solve', 'give --method with its parameters, or an image file');
  const region = regionOf(input.region, config);
  const action = input.pageAction === null ? {} : { action: input.pageAction };
  const params = { ...region?.params, ...input.params, ...action };
  const { taskId, sitekey, pageurl } = input;
  const task: Task = { taskId, method, sitekey, pageurl, body, params, region: region?.name ?? null };
  const problems = taskProblems(task);
  if (problems.length > 0) throw new UsageError(problems.join('\n  '), 'see captcha solve --help');
  // What is sent is judged: --param can name the page, too.
  const decision = decidePolicy(config.policy, wireParameters(task)['pageurl'] ?? null);
  if (!decision.allowed) throw new UsageError(`not sent: denied by ${decision.rule}`);
  return task;
}
