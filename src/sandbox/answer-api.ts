import type { Endpoint } from '../protocol/error-codes.ts';
import { answerInstead, corruptResponse, packedAnswer, withoutContent } from './faults.ts';
import { type HttpAnswer, refused, type Reply } from './http-answer.ts';
import type { RequestParameters } from './request.ts';
import { answerResult, asksForSolution } from './result.ts';
import type { SandboxState } from './state.ts';
import { answerSolve, answerSubmission } from './submit.ts';

/** One of the protocol's paths. */
export interface ApiRoute {
  readonly endpoint: Endpoint;
  readonly answer: (request: RequestParameters, state: SandboxState) => Reply | Promise<Reply>;
}

export const apiRoutes: ReadonlyMap<string, ApiRoute> = new Map<string, ApiRoute>([
  ['/in.php', { endpoint: 'submit', answer: answerSubmission }],
  ['/res.php', { endpoint: 'poll', answer: answerResult }],
  ['/solve.php', { endpoint: 'submit', answer: answerSolve }],
]);

interface Spelling {
  readonly isJson: boolean;
  readonly values: RequestParameters['values'];
}

interface Arrival {
  readonly endpoint: Endpoint;
  /** Time since the start of the sandbox, in ms. */
  readonly elapsedMs: number;
  readonly isPoll: boolean;
}

function count({ endpoint, elapsedMs, isPoll }: Arrival, { counters, faults }: SandboxState): void {
  const isSubmission = endpoint === 'submit';
  counters.requests += 1;
  if (isSubmission) counters.recordSubmission(elapsedMs);
  else if (isPoll) counters.polls += 1;
  if (!faults.isOutage(endpoint, elapsedMs)) return;
  counters.requestsDuringOutage += 1;
  if (isSubmission) counters.submissionsDuringOutage += 1;
}

/** 2captcha explains its codes in a sentence. */
function explained(json: Reply['json']): Reply['json'] {
  const { status, request: code } = json;
  if (status !== 0 || typeof code !== 'string' || code === 'CAPCHA_NOT_READY') return json;
  const words = code
    .replace(/^ERROR[_:]\s*/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
  return { ...json, error_text: `The sandbox refused the request: ${words}.` };
}

function render(reply: Reply, { isJson, values }: Spelling, { settings, quirks }: SandboxState) {
  const origin = values['header_acao'] === '1' ? { 'Access-Control-Allow-Origin': '*' } : {};
  const contentType = reply.xml === undefined ? settings.contentType : 'text/xml; charset=UTF-8';
  const json = quirks.has('error-text') ? explained(reply.json) : reply.json;
  return {
    type: 'body' as const,
    status: 200,
    headers: { 'Content-Type': contentType, ...origin },
    body: reply.xml ?? (isJson ? JSON.stringify(json) : reply.plain),
  };
}

/** Serves a request to a protocol path, or applies a fault to it. Rejects if the sandbox closes meanwhile. */
export async function answerApi(route: ApiRoute, request: RequestParameters, state: SandboxState): Promise<HttpAnswer> {
  const { faults, settings, startedAtMs, store, counters } = state;
  const { endpoint } = route;
  const elapsedMs = settings.clock.nowMs() - startedAtMs;
  count({ endpoint, elapsedMs, isPoll: asksForSolution(request.values) }, state);
  const struck = faults.next(endpoint, elapsedMs);
  if (struck !== null) counters.faultsInjected += 1;
  const isJson = request.values['json'] === '1' && struck?.injection.type !== 'plain';
  const rendered = (reply: Reply) => render(reply, { isJson, values: request.values }, state);
  const instead = struck && answerInstead(struck, (code) => rendered(refused(code)));
  if (instead !== null) return instead;
  const reply = withoutContent(struck?.injection ?? null, await route.answer(request, state));
  const corrupted = struck && corruptResponse(struck.injection, rendered(reply));
  if (corrupted !== null) return corrupted;
  reply.collects.forEach((task) => store.collect(task));
  return packedAnswer(struck?.injection ?? null, rendered(reply));
}
