import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { Task } from '../../domain/task.ts';
import { wireParameters } from '../../protocol/wire.ts';

/** Beyond this a value (an image) is shown by its size. */
const maxValueLength = 200;

/** The request that a submission would be, secrets masked. */
export interface RequestReport {
  readonly url: string;
  readonly region: string | null;
  /** What decided the region. */
  readonly rule: string | null;
  readonly parameters: Readonly<Record<string, string>>;
}

function shown(value: string): string {
  return value.length > maxValueLength ? `(${value.length} characters)` : value;
}

/** The submission of a task as `solve --no-submit` shows it. */
export function requestReport(task: Task, baseUrl: string): RequestReport {
  const wire = Object.entries(maskSecrets(wireParameters(task))).map(([name, value]) => [name, shown(value)] as const);
  const parameters = { key: '***', json: '1', ...Object.fromEntries(wire) };
  return { url: `${baseUrl}/in.php`, region: task.region, rule: task.rule, parameters };
}

/** The same as lines of text. */
export function renderRequest({ url, region, rule, parameters }: RequestReport): string {
  const lines = Object.entries(parameters).map(([name, value]) => `  ${name}=${value}\n`);
  return `POST ${url}\n${lines.join('')}${region === null ? '' : `region ${region} (${rule ?? ''})\n`}`;
}
