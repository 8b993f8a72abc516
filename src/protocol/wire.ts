import type { Task } from '../domain/task.ts';
import { acceptedNames, findMethod, type Method, siteKeyNames } from './methods.ts';

/** Names set by the client: a user's parameter with such a name would redirect or expose the request. */
export const reservedParameters: ReadonlySet<string> = new Set(['key', 'json', 'id', 'ids', 'action', 'method']);

/** The method to send: `post` uploads a file in a multipart form; the same image as text is `base64`. */
function sentMethod({ method, body }: Task): string {
  return method === 'post' && body !== null ? 'base64' : method;
}

/**
 * A task's wire parameters without the key: the site key under the method's own name, and an image for `post` as
 * `base64`.
 */
export function wireParameters(task: Task): Record<string, string> {
  const method = sentMethod(task);
  const { siteKeyName, bodyName } = findMethod(method, task.params);
  // Spreading an empty object would be the slowest step, and most tasks of a batch have no parameters of their own.
  const wire: Record<string, string> = Object.keys(task.params).length === 0 ? { method } : { ...task.params, method };
  if (task.sitekey !== null) wire[siteKeyName ?? 'sitekey'] = task.sitekey;
  if (task.pageurl !== null) wire['pageurl'] = task.pageurl;
  if (task.body !== null) wire[bodyName] = task.body;
  return wire;
}

/** Parameters of images whose solution is no text, or is sent elsewhere. */
const notAnsweredAtOnce = ['recaptcha', 'img_type', 'canvas', 'coordinatescaptcha', 'pingback'];

/** True for the wire parameters of an image that `/solve.php` solves in its answer. */
export function isTextImage(wire: Readonly<Record<string, string>>): boolean {
  return wire['method'] === 'base64' && notAnsweredAtOnce.every((name) => (wire[name] ?? '') === '');
}

/** Wire names of a task's inputs that one submission uses up; empty for most tasks. */
export function singleUseInputs(task: Task): readonly string[] {
  const { singleUse } = findMethod(sentMethod(task), task.params);
  return singleUse.filter((name) => (task.params[name] ?? '') !== '');
}

/** A missing or misplaced input of a task. */
export interface TaskProblem {
  /** The logical name: `sitekey`, `pageurl`, `body`, or a parameter's. */
  readonly about: string;
  /** One sentence. */
  readonly text: string;
}

/** How a user supplies a wire parameter. */
function sourceOf(
  name: string,
  { siteKeyName, bodyName }: Pick<Method, 'siteKeyName' | 'bodyName'>,
): { about: string; what: string } {
  if (name === siteKeyName) return { about: 'sitekey', what: 'a site key (sitekey)' };
  if (name === 'pageurl') return { about: 'pageurl', what: 'the page URL (pageurl)' };
  if (name === bodyName || name === 'file') return { about: 'body', what: 'an image (file or body)' };
  return { about: name, what: `the parameter ${name}` };
}

/**
 * Missing or misplaced inputs of a task; empty if it can be sent. Only methods in the table are checked: another vendor
 * may support more.
 */
export function taskProblems(task: Task): readonly TaskProblem[] {
  const method = findMethod(sentMethod(task), task.params);
  const { required, siteKeyName } = method;
  const wire = wireParameters(task);
  const missing = required.filter((name) => acceptedNames(name).every((each) => (wire[each] ?? '').trim() === ''));
  const problems = missing.map((name) => {
    const { about, what } = sourceOf(name, method);
    return { about, text: `${task.method} needs ${what}` };
  });
  // Parameters that another input overwrites: one of the two values would be lost silently.
  const doubled = Object.keys(task.params).filter((name) => wire[name] !== task.params[name]);
  for (const name of doubled) {
    const { about } = sourceOf(name, method);
    problems.push({ about, text: `${about} and the parameter ${name} have different values: omit one of them` });
  }
  if (siteKeyName === null || !missing.includes(siteKeyName)) return problems;
  const otherSiteKeys = Object.keys(task.params).filter((name) => siteKeyNames().has(name) && name !== siteKeyName);
  const misplaced = otherSiteKeys.map((name) => ({
    about: name,
    text: `${name} is not a parameter of ${task.method}: write --sitekey VALUE (batch: column sitekey), sent as ${siteKeyName}`,
  }));
  return [...problems, ...misplaced];
}
