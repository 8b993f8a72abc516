import { combined, failure, type Finding, ok, skipped, warning } from './finding.ts';
import type { Problem } from './problem.ts';

/** What may be said about the API key. The key itself is not in here. */
export interface KeyFacts {
  /** Where it is read from, such as `CAPTCHAAI_API_KEY`; null where no source is set. */
  readonly source: string | null;
  /** Why it cannot be used; null where it can. */
  readonly problem: Problem | null;
  /** Without surrounding blanks. */
  readonly length: number;
  /** Blanks around it, but for the one line end that closes a file. */
  readonly hasBlanks: boolean;
  /** The file that holds it; null where it comes from a variable. */
  readonly file: { readonly path: string; readonly mode: number } | null;
}

/** CaptchaAI answers a key of any other length with ERROR_WRONG_USER_KEY. Other services have other keys. */
const captchaAiKeyLength = 32;
const forOthers = 0o006;
/** Containers get their secrets here, readable for everyone inside, where there is nobody else. */
const secretsFolder = '/run/secrets/';

function lengthFindings({ length }: KeyFacts, baseUrl: string): readonly Finding[] {
  const isCaptchaAi = /(^|\.)captchaai\.com\.?$/.test(new URL(baseUrl).hostname);
  if (!isCaptchaAi || length === captchaAiKeyLength) return [];
  const found = `its length is ${length}, and that of CaptchaAI's keys ${captchaAiKeyLength}`;
  return [warning(found, 'copy the whole key from the dashboard of CaptchaAI, and nothing else')];
}

function fileFindings({ file }: KeyFacts): readonly Finding[] {
  if (file === null || (file.mode & forOthers) === 0 || file.path.startsWith(secretsFolder)) return [];
  const mode = `0${(file.mode & 0o777).toString(8)}`;
  return [warning(`other users of this machine may use ${file.path} (mode ${mode})`, `chmod 600 ${file.path}`)];
}

const blanks = warning('there are blanks around it', 'take them away: this program does not mind, others do');

/** Whether there is a key to send, and whether it is kept well. `baseUrl` is null where no configuration could be read. */
export function checkKey(facts: KeyFacts, baseUrl: string | null): Finding {
  const { source, problem, hasBlanks } = facts;
  if (source === null && baseUrl === null) {
    return skipped('no variable holds it, and the configuration, which may say where it is, cannot be read');
  }
  if (problem !== null) return failure(problem.message, problem.hint);
  return combined([
    ok(`from ${source ?? 'nowhere'}`),
    ...(baseUrl === null ? [] : lengthFindings(facts, baseUrl)),
    ...(hasBlanks ? [blanks] : []),
    ...fileFindings(facts),
  ]);
}
