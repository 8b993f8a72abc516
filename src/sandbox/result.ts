import { accepted, refused, type Reply } from './http-answer.ts';
import type { RequestParameters } from './request.ts';
import type { SandboxState } from './state.ts';
import type { SandboxTask } from './task-store.ts';

const keyLength = 32;

function wrongKey(given: string, right: string | null): string | null {
  if (given === '') return 'ERROR_WRONG_USER_KEY';
  if (right === null || given === right) return null;
  const isMisshapen = right.length === keyLength && given.length !== keyLength;
  return isMisshapen ? 'ERROR_WRONG_USER_KEY' : 'ERROR_KEY_DOES_NOT_EXIST';
}

/** The code that refuses a request because of its key or address; null if both are valid. */
export function keyRefusal(key: string | undefined, { key: right, abuse }: SandboxState): string | null {
  const ban = abuse?.banRefusal() ?? null;
  if (ban !== null) return ban;
  const refusal = wrongKey((key ?? '').trim(), right);
  if (refusal !== null) abuse?.recordWrongKey();
  return refusal;
}

type Values = RequestParameters['values'];
type Action = (values: Values, state: SandboxState) => Reply;

const price = '0.00299';
const idShape = /^\d{1,20}$/;

/** The answer to a `get` for a finished task. */
export function solutionReply(task: SandboxTask): Reply {
  const { solution } = task;
  if (solution === null) return refused('ERROR_CAPTCHA_UNSOLVABLE');
  return { json: solution.json, plain: `OK|${solution.plain}`, collects: [task] };
}

function findTask(id: string, { store }: SandboxState): SandboxTask | string {
  if (!idShape.test(id)) return 'ERROR_WRONG_ID_FORMAT';
  return store.find(id) ?? 'ERROR_WRONG_CAPTCHA_ID';
}

function pollReply(id: string, state: SandboxState): Reply {
  const task = findTask(id, state);
  if (typeof task === 'string') return refused(task);
  return state.store.isReady(task) ? solutionReply(task) : refused('CAPCHA_NOT_READY');
}

/** All answers in one line, in the order of the ids; status 1 even if some are not ready. */
function pollManyIds(text: string, state: SandboxState): Reply {
  const replies = text.split(',').map((id) => pollReply(id.trim(), state));
  const line = replies.map(({ plain }) => plain.replace(/^OK\|/, '')).join('|');
  return { ...accepted(line, line), collects: replies.flatMap(({ collects }) => collects) };
}

const get: Action = (values, state) =>
  values['ids'] === undefined ? pollReply((values['id'] ?? '').trim(), state) : pollManyIds(values['ids'], state);

const get2: Action = (values, state) => {
  const found = pollReply((values['id'] ?? '').trim(), state);
  if (found.collects.length === 0) return found;
  return { ...found, json: { ...found.json, price }, plain: `${found.plain}|${price}` };
};

const getBalance: Action = (_values, { settings }) => {
  const balance = typeof settings.balance === 'string' ? settings.balance : settings.balance.toFixed(3);
  return accepted(balance, balance);
};

const unknownAction = refused('ERROR_EMPTY_ACTION');

const threadsInfo: Action = (_values, { settings, store, quirks }) => {
  if (quirks.has('no-threadsinfo')) return unknownAction;
  const { workingThreads } = store.counts();
  return {
    json: { status: 1, threads: settings.threads, working_threads: workingThreads },
    plain: `OK|${settings.threads}|${workingThreads}`,
    collects: [],
  };
};

const report =
  (verdict: 'good' | 'bad'): Action =>
  (values, state) => {
    const task = findTask((values['id'] ?? '').trim(), state);
    if (typeof task === 'string') return refused(task);
    if (!state.store.isReady(task)) return refused('ERROR_REPORT_NOT_RECORDED');
    if (task.isReported) return refused('ERROR_DUPLICATE_REPORT');
    task.isReported = true;
    state.counters.reports[verdict] += 1;
    return accepted('OK_REPORT_RECORDED', 'OK_REPORT_RECORDED');
  };

const done = accepted('OK', 'OK');

const addPingback: Action = ({ addr = '' }, { pingbackAddresses }) => {
  if (!URL.canParse(addr)) return refused('ERROR_BAD_PARAMETERS');
  pingbackAddresses.add(addr);
  return done;
};

const getPingback: Action = (_values, { pingbackAddresses }) => {
  const list = [...pingbackAddresses].join('|');
  return accepted(list, `OK|${list}`);
};

const delPingback: Action = ({ addr = '' }, { pingbackAddresses }) => {
  if (addr === 'all') pingbackAddresses.clear();
  else pingbackAddresses.delete(addr);
  return done;
};

/** The accepted tasks since the start, under the date that the request names. */
const getStats: Action = ({ date = '' }, { store }) => {
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) return refused('ERROR_BAD_PARAMETERS');
  const volume = store.counts().accepted;
  const stats = `<stats date="${date}"><volume>${volume}</volume><money>0</money></stats>`;
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<response>${stats}</response>\n`;
  return { ...accepted(xml, xml), xml };
};

const actions: ReadonlyMap<string, Action> = new Map([
  ['get', get],
  ['get2', get2],
  ['getbalance', getBalance],
  ['threadsinfo', threadsInfo],
  ['reportgood', report('good')],
  ['reportbad', report('bad')],
  ['add_pingback', addPingback],
  ['get_pingback', getPingback],
  ['del_pingback', delPingback],
  ['getstats', getStats],
]);

/** True if a request asks for solutions. */
export function asksForSolution(values: Values): boolean {
  return values['action'] === 'get' || values['action'] === 'get2';
}

/** Answers `res.php`. An unknown action gets the same answer as a missing one. */
export function answerResult({ values }: RequestParameters, state: SandboxState): Reply {
  const refusal = keyRefusal(values['key'], state) ?? state.abuse?.pollRefusal() ?? null;
  if (refusal !== null) return refused(refusal);
  const action = actions.get(values['action'] ?? '');
  return action === undefined ? unknownAction : action(values, state);
}
