import { describe, expect, it } from 'vitest';
import { run, type SolveFlags } from '../../../src/commands/solve/command.ts';
import { describeFault, ProviderFault } from '../../../src/domain/fault.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { systemError } from '../../cli/support/fake-stream.ts';
import { aGaveUp, anAttempt, aSolved } from '../../cli/support/outcomes.ts';
import { refusalOf } from '../../cli/support/refusal.ts';
import { anImage } from '../../support/an-image.ts';

const turnstile = { method: 'turnstile', sitekey: '0x4', pageurl: 'https://example.com/', submit: true } as const;

async function solved(flags: Partial<SolveFlags> = {}, parts: StageParts = {}) {
  const stage = aStage({ solve: async () => aSolved(), ...parts });
  const exitCode = await run({ ...turnstile, ...flags }, stage.context);
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text, records: stage.records };
}

describe('a task that is solved', () => {
  it('prints the solution and a newline, nothing else, and exits 0', async () => {
    expect(await solved()).toMatchObject({ exitCode: 0, out: 'token\n', err: '' });
  });

  it('prints its outcome with --json', async () => {
    const { exitCode, out, err } = await solved({}, { globals: { json: true } });
    const report = JSON.parse(out) as Record<string, unknown>;
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toMatch(/^\{"schemaVersion":1,[^\n]*\}\n$/);
    expect(report).toMatchObject({ status: 'solved', solution: 'token', captchaId: '77', reason: null });
  });

  it('was passed to the solver with its flags', async () => {
    const { records } = await solved({ param: ['data=x'], pageAction: 'login' });
    expect(records.tasks).toEqual([
      {
        taskId: '1',
        method: 'turnstile',
        sitekey: '0x4',
        pageurl: 'https://example.com/',
        body: null,
        params: { data: 'x', action: 'login' },
        region: null,
        rule: null,
      },
    ]);
  });

  it('closes its session', async () => {
    expect((await solved()).records.closedSessions).toBe(1);
  });
});

describe('a task that is not solved', () => {
  const message = 'not solved in time; 77 is paid for and may still be solved';
  const outcome = aGaveUp({ reason: 'deadline-exceeded', message, captchaId: '77', durationMs: 2_000 });
  const text = `${message} (deadline-exceeded after 2s). Collect it: captcha result 77\n`;

  it('prints nothing on stdout, and the reason and fix on stderr, also under --quiet', async () => {
    const parts = { solve: async () => outcome, options: { quiet: true } };
    expect(await solved({}, parts)).toMatchObject({ exitCode: 4, out: '', err: text });
  });

  it('prints its outcome with --json, and the reason on stderr as well', async () => {
    const { exitCode, out, err } = await solved({}, { solve: async () => outcome, globals: { json: true } });
    expect({ exitCode, err }).toEqual({ exitCode: 4, err: text });
    expect(JSON.parse(out)).toMatchObject({ status: 'failed', solution: null, captchaId: '77' });
  });

  it.each([
    ['unsolvable', 1],
    ['account', 3],
    ['budget-exhausted', 4],
    ['cancelled', 130],
  ] as const)('because it was given up as %s exits %i', async (reason, exitCode) => {
    expect(await solved({}, { solve: async () => aGaveUp({ reason }) })).toMatchObject({ exitCode });
  });
});

describe('a solution that cannot be written', () => {
  const left = 'the result could not be written; collect it later with: captcha result 77\n';

  it.each([
    ['EPIPE', false],
    ['EPIPE', true],
    ['ENOSPC', false],
    ['ENOSPC', true],
  ])('because of %s (--json: %s) leaves its id on stderr and ends in that error', async (code, json) => {
    const stdout = { writesBeforeError: 0, error: systemError(code) };
    const stage = aStage({ stdout, globals: { json }, solve: async () => aSolved() });
    await expect(run(turnstile, stage.context)).rejects.toMatchObject({ code });
    expect(stage.stderr.text).toBe(left);
    expect(stage.records.closedSessions).toBe(1);
  });

  it('names no id if there is none', async () => {
    const stage = aStage({ stdout: { writesBeforeError: 0 }, globals: { json: true }, solve: async () => aGaveUp() });
    await expect(run(turnstile, stage.context)).rejects.toMatchObject({ code: 'EPIPE' });
    expect(stage.stderr.text).toBe('');
  });
});

describe('--no-submit', () => {
  it('shows the request with key and passwords masked, opens nothing and exits 0', async () => {
    const { exitCode, out, err, records } = await solved({
      submit: false,
      param: ['proxy=u:secret@host:8080', 'proxytype=HTTP'],
    });
    expect({ exitCode, err, sessions: records.sessions }).toEqual({ exitCode: 0, err: '', sessions: [] });
    expect(out).toBe(
      [
        'POST https://ocr.captchaai.com/in.php',
        '  key=***',
        '  json=1',
        '  proxy=u:***@host:8080',
        '  proxytype=HTTP',
        '  method=turnstile',
        '  sitekey=0x4',
        '  pageurl=https://example.com/',
        '',
      ].join('\n'),
    );
  });

  it('shows it as one JSON document with --json', async () => {
    const { out } = await solved({ submit: false }, { globals: { json: true } });
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, region: null, parameters: { key: '***' } });
  });

  it('makes the same checks as before a submission', async () => {
    expect(await refusalOf(() => solved({ submit: false, sitekey: '', pageurl: '' }))).toContain('needs a site key');
  });
});

describe('the flags', () => {
  it('become overrides of the configuration', async () => {
    const { records } = await solved({ timeout: '5s', maxAttempts: '1', budget: '10/s' });
    expect(records.sessions).toEqual([
      {
        overrides: [
          { path: 'solve.timeout', value: '5s', from: '--timeout' },
          { path: 'retry.maxAttempts', value: '1', from: '--max-attempts' },
          { path: 'budget.ratio', value: null, from: '--budget' },
          { path: 'budget.maxRetriesPerSecond', value: 10, from: '--budget' },
          { path: 'budget.burst', value: 10, from: '--budget' },
        ],
        allowFastPolling: false,
        writer: { command: 'solve' },
      },
    ]);
  });

  it('become overrides with --no-submit, too', async () => {
    const { records } = await solved({ submit: false, timeout: '5s' });
    expect(records.configs).toEqual([[{ path: 'solve.timeout', value: '5s', from: '--timeout' }]]);
  });

  it('allow fast polling on request', async () => {
    const { records } = await solved({ allowFastPolling: true });
    expect(records.sessions[0]?.allowFastPolling).toBe(true);
  });

  it.each<[Partial<SolveFlags>, string, 'fail' | 'wait']>([
    [{}, 'auto', 'wait'],
    [{ failFast: true }, 'auto', 'fail'],
    [{ failFast: true }, 'wait', 'fail'],
    [{ waitForBudget: true }, 'auto', 'wait'],
    [{}, 'wait', 'wait'],
    [{}, 'fail', 'fail'],
    [{ waitForBudget: true }, 'fail', 'wait'],
  ])('%j with budget.onExhausted %s mean: %s', async (flags, onExhausted, expected) => {
    expect((await solved(flags, { config: { budget: { onExhausted } } })).records.onExhausted).toBe(expected);
  });

  it('take an image from a file', async () => {
    const stage = aStage({ solve: async () => aSolved(), files: { 'image.png': anImage() } });
    await run({ file: 'image.png', submit: true }, stage.context);
    expect(stage.records.tasks).toMatchObject([{ method: 'base64', body: anImage().toString('base64') }]);
  });

  it('reject --via carrier-pigeon', async () => {
    expect(await refusalOf(() => solved({ via: 'carrier-pigeon' }))).toMatch('--via carrier-pigeon: unknown mode');
  });

  it('require regions with queues for --via queues', async () => {
    expect(await refusalOf(() => solved({ via: 'queues' }))).toMatch('no regions are configured');
  });

  it('accept --via direct', async () => {
    expect((await solved({ via: 'direct' })).exitCode).toBe(0);
  });
});

describe('a task that cannot be sent', () => {
  it.each<[string, Partial<SolveFlags>, object]>([
    ['lacks a parameter', { sitekey: '' }, {}],
    ['sets a reserved parameter', { param: ['key=secret'] }, {}],
    ['names an unknown region', { region: 'mars' }, {}],
    ['is denied', {}, { policy: { deny: ['example.com'] } }],
    ['has a budget that is none', { budget: 'much' }, {}],
  ])('because it %s is refused, and nothing is sent', async (_name, flags, config) => {
    const stage = aStage({ config, solve: async () => aSolved() });
    expect(await refusalOf(() => run({ ...turnstile, ...flags }, stage.context))).not.toBe('not refused');
    expect(stage.records.tasks).toEqual([]);
    expect(stage.records.closedSessions).toBe(stage.records.sessions.length);
    expect(stage.stdout.text).toBe('');
  });
});

describe('an error that is not from the service', () => {
  it('passes through unchanged, and the session is closed', async () => {
    const bug = new TypeError('a bug');
    const stage = aStage({ solve: () => Promise.reject(bug) });
    await expect(run(turnstile, stage.context)).rejects.toBe(bug);
    expect(stage.records.closedSessions).toBe(1);
  });

  it('never puts a solution on stderr, at any verbosity', async () => {
    const attempts = [anAttempt({ fault: describeFault({ kind: 'transport', message: 'reset' }) }), anAttempt()];
    const solution = { text: 'the-solution', fields: { part: 'the-solution' } };
    const solve: StageParts['solve'] = async (_task, emit) => {
      emit({ taskId: '1', attempt: 1, type: 'submitting', region: null });
      emit({ taskId: '1', attempt: 1, type: 'solved', captchaId: '77', durationMs: 1 });
      return aSolved({ solution, attempts });
    };
    const { out, err } = await solved({}, { solve, options: { verbosity: 2, logFormat: 'json' } });
    expect(out).toBe('the-solution\n');
    expect(err).toContain('solved 77');
    expect(err).not.toContain('the-solution');
  });

  it('while opening the service is rethrown', async () => {
    const refusal = new ProviderFault(describeFault({ kind: 'account', message: 'the key is unknown' }));
    const { context } = aStage();
    const session = (): Promise<never> => Promise.reject(refusal);
    await expect(run(turnstile, { ...context, session })).rejects.toBe(refusal);
  });
});

describe('a task that the policy denies', () => {
  it('is a usage error, with its outcome for scripts', async () => {
    const stage = aStage({ config: { policy: { deny: ['example.com'] } }, globals: { json: true } });
    const refusal = await refusalOf(() => run(turnstile, stage.context));
    expect(refusal).toMatch(/^not sent: denied by policy\.deny example\.com/);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({ status: 'failed', reason: 'policy-denied', attempts: [] });
  });
});
