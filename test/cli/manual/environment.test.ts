import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment } from '../../../src/cli/manual/environment.ts';

const source = join(import.meta.dirname, '../../../src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const described = environment.flatMap(({ names }) => names);

/** `env['NAME']` and `env.NAME`. */
const named = /\benv(?:\['|\.)([A-Z]\w*)/g;
/** `variable(env, 'NAME')`, also with a choice of names. */
const called = /\bvariable\(env, (.*)\)/g;
/** `{ NAME, NAME: name } = env`. */
const destructured = /\{([^{}]*)\}\s*=\s*(?:\w+\.)*env\b/g;
/** The table of the variables that set a key. */
const tables = /const variables: [^=]*= \{([^}]*)\}/g;
const name = /\b[A-Z][A-Z0-9_]+\b/g;

/** The variables that a file reads by name. */
function variablesIn(text: string): readonly string[] {
  const lists = [destructured, tables, called].flatMap((pattern) => [...text.matchAll(pattern)]);
  const direct = [...text.matchAll(named)].map(([, variable]) => variable!);
  return [...direct, ...lists.flatMap(([, list]) => list!.match(name) ?? [])];
}

const read = files.flatMap((file) => variablesIn(readFileSync(join(source, file), 'utf8')));

describe('the help topic environment', () => {
  it('describes every variable that the code reads', () => {
    expect(read).toEqual(
      expect.arrayContaining(['CAPTCHAAI_API_KEY', 'CAPTCHA_LABEL', 'HTTPS_PROXY', 'RESULT_QUEUE_URL', 'TERM']),
    );
    expect([...new Set(read)].filter((variable) => !described.includes(variable))).toEqual([]);
  });

  it('describes each variable once, and only those that the code or a library reads', () => {
    expect(new Set(described).size).toBe(described.length);
    const ofLibraries = ['NODE_EXTRA_CA_CERTS', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'];
    const forHooks = ['CAPTCHA_REGION', 'CAPTCHA_STATUS', 'CAPTCHA_WAS'];
    const known = new Set([...read, ...ofLibraries, ...forHooks, 'ALL_PROXY']);
    expect(described.filter((variable) => !known.has(variable))).toEqual([]);
  });

  it('would notice a new place that reads a variable whose name is not in the code', () => {
    const dynamic = files.filter((file) => /\benv\[(?!')/.test(readFileSync(join(source, file), 'utf8')));
    const known = {
      'adapters/http/proxy.ts': 'the names of the proxy variables, in both cases',
      'commands/doctor/checks.ts': 'the same names, and ALL_PROXY',
      'config/api-key.ts': 'the variable that api.keyEnv names',
      'config/settings.ts': 'the table of variables that set a key',
      'container/doctor-tools.ts': 'the variable with the key',
    };
    expect(dynamic.toSorted()).toEqual(Object.keys(known));
  });
});
