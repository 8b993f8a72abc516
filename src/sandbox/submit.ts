import { createHash } from 'node:crypto';
import { siteKeyNames } from '../protocol/methods.ts';
import { keyRefusal } from './key-refusal.ts';
import { givenSolution, makeSolution, type MadeSolution } from './make-solution.ts';
import type { AcceptedTask } from './options.ts';
import { sendPingback } from './pingback.ts';
import { accepted, refused, type Reply } from './reply.ts';
import type { RequestParameters } from './request-parameters.ts';
import { solutionReply } from './result.ts';
import type { SandboxState } from './state.ts';
import type { SandboxTask } from './task-store.ts';
import { methodOf, parameterRefusal, unsolvableMarker } from './validate-submission.ts';
import { waitUntil } from './wait-until.ts';

const markedParameters = [...siteKeyNames(), 'body', 'textinstructions'];

function fingerprintOf(params: AcceptedTask['params'], upload: RequestParameters['upload']): string {
  const sorted = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(sorted));
  return (upload === null ? digest : digest.update(upload.bytes)).digest('base64');
}

function solve(id: string, task: AcceptedTask, { settings }: SandboxState): MadeSolution | null {
  const given = settings.answer(task);
  if (typeof given === 'string') return givenSolution(given);
  const isMarked = markedParameters.some((name) => task.params[name] === unsolvableMarker);
  return given === null || isMarked ? null : makeSolution(id, task);
}

/** The refusals in the service's order: key and balance, parameters, rate and threads. */
function refusalOf(request: RequestParameters, state: SandboxState): string | null {
  const { settings, store, abuse } = state;
  return (
    keyRefusal(request.values['key'], state) ??
    (settings.balance <= 0 ? 'ERROR_ZERO_BALANCE' : null) ??
    parameterRefusal(request, settings.unsupportedMethods) ??
    abuse?.submitRefusal() ??
    (store.counts().workingThreads >= settings.threads ? settings.threadsFullCode : null)
  );
}

/** Takes a submission in: the task, or the code that it is refused with. */
function takeIn(request: RequestParameters, state: SandboxState): SandboxTask | string {
  const { settings, store, abuse, tally } = state;
  const refusal = refusalOf(request, state);
  if (refusal !== null) {
    abuse?.recordRefusal(refusal);
    return refusal;
  }
  const params = Object.fromEntries(Object.entries(request.values).filter(([name]) => name !== 'key'));
  const method = methodOf(request);
  const [min, max] = settings.latencyMs;
  const task = store.accept({
    method,
    solve: (id) => solve(id, { method, params }, state),
    latencyMs: min + settings.random() * (max - min),
    fingerprint: fingerprintOf(params, request.upload),
  });
  tally.recordAccepted(method);
  if (params['pingback']) void sendPingback(task, params['pingback'], state);
  return task;
}

/** Answers `in.php`: the id of the accepted task, or a code. */
export function answerSubmission(request: RequestParameters, state: SandboxState): Reply {
  const taken = takeIn(request, state);
  if (typeof taken === 'string') return refused(taken);
  const idType = state.settings.idType ?? (taken.method === 'userrecaptcha' ? 'number' : 'string');
  return accepted(idType === 'number' ? Number(taken.id) : taken.id, `OK|${taken.id}`);
}

/** Answers `solve.php`: the solution itself, once it is there. */
export async function answerSolve(request: RequestParameters, state: SandboxState): Promise<Reply> {
  const taken = takeIn(request, state);
  if (typeof taken === 'string') return refused(taken);
  await waitUntil(taken.readyAtMs, state.settings.clock, state.closing);
  return solutionReply(taken);
}
