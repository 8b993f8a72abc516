import type { Task } from '../domain/task.ts';
import { findMethod, siteKeyNames } from './methods.ts';

/** Names that the client sets itself: a parameter of such a name would redirect or unmask the request. */
export const reservedParameters: ReadonlySet<string> = new Set(['key', 'json', 'id', 'ids', 'action', 'method']);

/** The method that is sent: `post` uploads a file in a form of its own, and the same image as text is `base64`. */
function sentMethod({ method, body }: Task): string {
  return method === 'post' && body !== null ? 'base64' : method;
}

/**
 * A task as the wire wants it, without the key: the site key under the method's own name, and an image that was meant
 * for `post` as `base64`.
 */
export function wireParameters(task: Task): Record<string, string> {
  const method = sentMethod(task);
  const { siteKeyName } = findMethod(method, task.params);
  // Spreading nothing takes longer than all the rest, and most tasks of a batch have no parameters of their own.
  const wire: Record<string, string> = Object.keys(task.params).length === 0 ? { method } : { ...task.params, method };
  if (task.sitekey !== null) wire[siteKeyName ?? 'sitekey'] = task.sitekey;
  if (task.pageurl !== null) wire['pageurl'] = task.pageurl;
  if (task.body !== null) wire['body'] = task.body;
  return wire;
}

/** The inputs of a task that one submission uses up, by the wire's names; none for most tasks. */
export function singleUseInputs(task: Task): readonly string[] {
  const { singleUse } = findMethod(sentMethod(task), task.params);
  return singleUse.filter((name) => (task.params[name] ?? '') !== '');
}

/** Something that is missing or misplaced in a task. */
export interface TaskProblem {
  /** The logical name at fault: `sitekey`, `pageurl`, `body`, or a parameter's. */
  readonly about: string;
  /** One sentence. */
  readonly text: string;
}

/** How a person supplies a wire parameter. */
function sourceOf(name: string, siteKeyName: string | null): { about: string; what: string } {
  if (name === siteKeyName) return { about: 'sitekey', what: 'a site key (sitekey)' };
  if (name === 'pageurl') return { about: 'pageurl', what: 'the page URL (pageurl)' };
  if (name === 'body' || name === 'file') return { about: 'body', what: 'an image (file or body)' };
  return { about: name, what: `the parameter ${name}` };
}

/**
 * What is missing or misplaced in a task; empty where it can be sent. Only methods with a row in the table are checked:
 * another vendor may know more of them.
 */
export function taskProblems(task: Task): readonly TaskProblem[] {
  const { required, siteKeyName } = findMethod(sentMethod(task), task.params);
  const wire = wireParameters(task);
  const missing = required.filter((name) => (wire[name] ?? '').trim() === '');
  const problems = missing.map((name) => {
    const { about, what } = sourceOf(name, siteKeyName);
    return { about, text: `${task.method} needs ${what}` };
  });
  // What was written over in the wire's parameters: one of the two would be lost without a word.
  const doubled = Object.keys(task.params).filter((name) => wire[name] !== task.params[name]);
  for (const name of doubled) {
    const { about } = sourceOf(name, siteKeyName);
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
