import type { SandboxTask } from './task-store.ts';

/** What an endpoint answers, in both spellings of the protocol. */
export interface Reply {
  readonly json: Readonly<Record<string, unknown>>;
  readonly plain: string;
  /** The tasks whose solutions it carries. */
  readonly collects: readonly SandboxTask[];
}

export function accepted(payload: unknown, plain: string): Reply {
  return { json: { status: 1, request: payload }, plain, collects: [] };
}

export function refused(code: string): Reply {
  return { json: { status: 0, request: code }, plain: code, collects: [] };
}
