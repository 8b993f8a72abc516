import { createHash } from 'node:crypto';
import type { AcceptedTask } from './options.ts';
import type { Quirk } from './quirks.ts';

/** A solution in both formats of the protocol. */
export interface MadeSolution {
  /** The whole JSON body. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The plain-text payload, without `OK|`. */
  readonly plain: string;
}

type Quirks = ReadonlySet<Quirk>;
type Maker = (seed: string, task: AcceptedTask, quirks: Quirks) => MadeSolution;
type Shape = readonly [fits: (task: AcceptedTask) => boolean, make: Maker];

export const userAgent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

const prefixes: Readonly<Record<string, string>> = { userrecaptcha: '03AFcWeA', turnstile: '0.' };
const cyrillic = 'бгджилпфцчшщыэюя';
/** Letters and digits that are not easily confused. */
const letters = 'abcdefghkmnpqrtuvwxy';
const digits = '23456789';

const hash = (seed: string): Buffer => createHash('sha512').update(seed).digest();
const hex = (seed: string, length: number): string => hash(seed).toString('hex').slice(0, length);
const payload = (request: unknown, plain: string): MadeSolution => ({ json: { status: 1, request }, plain });

/** As long as in production, to test storing and logging realistically. */
function token(seed: string, task: AcceptedTask): string {
  const parts = ['a', 'b', 'c', 'd'].map((part) => hash(seed + part).toString('base64url'));
  return `${prefixes[task.method] ?? ''}${parts.join('')}`;
}

function readable(seed: string, { params }: AcceptedTask): string {
  const least = Number(params['min_len'] ?? params['minLen'] ?? 0) || 0;
  const most = Number(params['max_len'] ?? params['maxLen'] ?? 0) || 20;
  const length = Math.max(1, Math.min(Math.max(5, least), most, 20));
  const isCyrillic = params['language'] === '1' || params['lang'] === 'ru';
  const own = isCyrillic ? cyrillic : letters;
  const alphabet = { '1': digits, '2': own }[params['numeric'] ?? ''] ?? own + digits;
  const isNumber = params['calc'] === '1';
  const drawn = [...hash(seed).subarray(0, isNumber ? 2 : length)];
  return drawn
    .map((byte) => (isNumber ? digits : alphabet).charAt(byte % (isNumber ? digits : alphabet).length))
    .join('');
}

/** CaptchaAI's documentation has the solution in `result`, its clients read it from `request`. */
const withAgent: Maker = (seed, task, quirks) => {
  const result = token(seed, task);
  const request = quirks.has('only-result') ? {} : { request: result };
  return { json: { status: 1, ...request, result, user_agent: userAgent }, plain: result };
};

const clearance: Maker = (seed, task, quirks) => {
  const { json, plain } = withAgent(seed, task, quirks);
  return { json, plain: `cf_clearance=${plain};user_agent=${userAgent}` };
};

/** JSON in a string: CaptchaAI's clients either parse it or print it like a token. */
const geetest: Maker = (seed, { params }, quirks) => {
  const validate = hex(seed, 32);
  const parts = { challenge: params['challenge'] ?? '', validate, seccode: `${validate}|jordan` };
  const entries = Object.entries(parts);
  const plain = entries.map(([name, value]) => `${name}:${value}`).join(',');
  if (quirks.has('bare-geetest')) return { json: parts, plain };
  const prefixed = Object.fromEntries(entries.map(([name, value]) => [`geetest_${name}`, value]));
  return payload(quirks.has('object-geetest') ? prefixed : JSON.stringify(prefixed), plain);
};

const geetest4: Maker = (seed, { params }) => {
  const text = JSON.stringify({
    captcha_id: params['gt'] ?? params['captcha_id'] ?? '',
    lot_number: hex(`${seed}lot`, 32),
    pass_token: hex(`${seed}pass`, 64),
    gen_time: String(1_700_000_000 + hash(seed).readUInt16BE()),
    captcha_output: hash(`${seed}output`).toString('base64'),
  });
  return payload(text, text);
};

const lemin: Maker = (seed) => {
  const parts = { answer: `0xax${hex(seed, 24)}`, challenge_uuid: hex(`${seed}uuid`, 32) };
  return payload(parts, JSON.stringify(parts));
};

/** Three different cells of nine. */
const cells: Maker = (seed) => {
  const first = (hash(seed)[0] ?? 0) % 3;
  const text = JSON.stringify([1 + first, 4 + first, 7 + first]);
  return payload(text, text);
};

const coordinates: Maker = (seed) => {
  const [x = 0, y = 0] = hash(seed);
  return payload([{ x: String(x), y: String(y) }], `coordinates:x=${x},y=${y}`);
};

const angle: Maker = (seed) => {
  const degrees = String(((hash(seed)[0] ?? 0) % 36) * 10);
  return payload(degrees, degrees);
};

const text: Maker = (seed, task) => {
  const read = readable(seed, task);
  return payload(read, read);
};

const plainToken: Maker = (seed, task) => {
  const made = token(seed, task);
  return payload(made, made);
};

const images = new Set(['base64', 'post']);
const isGrid = ({ params }: AcceptedTask): boolean =>
  params['recaptcha'] === '1' || params['img_type'] === 'recaptcha' || params['grid_size'] !== undefined;

/** The first matching shape makes the solution; other tasks get a token. */
const shapes: readonly Shape[] = [
  [({ method, params }) => method === 'userrecaptcha' && params['enterprise'] === '1', withAgent],
  [({ method }) => method === 'cloudflare_challenge', clearance],
  [({ method, params }) => method === 'geetest_v4' || (method === 'geetest' && params['version'] === '4'), geetest4],
  [({ method }) => method === 'geetest', geetest],
  [({ method }) => method === 'lemin', lemin],
  [({ method }) => method === 'bls', cells],
  [(task) => images.has(task.method) && isGrid(task), cells],
  [({ method, params }) => images.has(method) && params['coordinatescaptcha'] === '1', coordinates],
  [({ method }) => method === 'rotatecaptcha', angle],
  [({ method }) => images.has(method) || method === 'audio', text],
];

/** A solution in the production format of the task's method; the same seed gives the same solution. */
export function makeSolution(seed: string, task: AcceptedTask, quirks: Quirks = new Set()): MadeSolution {
  const make = shapes.find(([fits]) => fits(task))?.[1] ?? plainToken;
  return make(seed, task, quirks);
}

/** A solution with a given payload. */
export function givenSolution(text: string): MadeSolution {
  return payload(text, text);
}
