import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/doctor/command.ts';
import type { DoctorTools } from '../../../src/commands/doctor/doctor-tools.ts';
import { checkNames } from '../../../src/commands/doctor/finding.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import type { RegionProbe } from '../../../src/ports/api.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';

const serverAt = Date.UTC(2026, 0, 2);

const healthyTools: DoctorTools = {
  runtime: { nodeVersion: '20.20.0', platform: 'linux' },
  defaultBaseUrl: 'https://ocr.captchaai.com',
  checkPolling: () => undefined,
  keyFacts: async () => ({ source: 'CAPTCHAAI_API_KEY', problem: null, length: 32, hasBlanks: false, file: null }),
  proxyFor: () => null,
  apiProbe: async () => ({
    connection: { steps: [{ step: 'TCP', durationMs: 3 }], failed: null },
    answers: {
      roundTripsMs: [9, 2, 2],
      fault: null,
      status: null,
      balance: 1,
      threads: { threads: 2, workingThreads: 0 },
      clock: { serverAt, localAt: serverAt, roundTripMs: 2 },
    },
  }),
  stateFolder: async () => ({
    path: '/state',
    from: 'default',
    existed: true,
    problem: null,
    mode: 0o700,
    isOwn: true,
    fileSystem: 'ext4',
    isNetwork: false,
    freeBytes: 1e12,
    freeInodes: null,
  }),
  sharedState: async () => ({
    value: { tokens: 10, burst: 10, breaker: 'closed', probeInMs: 0, quietMs: 0, unavailable: null },
  }),
  readRedisInfo: () => Promise.reject(new Error('there is no queue')),
};

const answering: RegionProbe = {
  probeRegion: async () => ({
    answered: true,
    latencyMs: 5,
    answer: { status: 'healthy', activeWorkers: 1, queueDepth: 0 },
  }),
  probeApi: async () => ({ reachable: true, latencyMs: 5, error: null }),
};

const regions = ['us-east-1', 'eu-west-1'].map((name) => ({ name, health: `http://127.0.0.1/${name}` }));
const config = { regions, routes: { default: 'us-east-1' } };

interface Document {
  readonly schemaVersion: number;
  readonly ok: boolean;
  readonly checks: readonly { check: string; status: string; found: string; fix: string | null }[];
}

async function examined(tools: Partial<DoctorTools> = {}, parts: StageParts = {}) {
  const doctor = { ...healthyTools, ...tools };
  const stage = aStage({ config, doctor, regionProbe: answering, ...parts, globals: { json: true, ...parts.globals } });
  const exitCode = await run({}, stage.context);
  const document = JSON.parse(stage.stdout.text) as Document;
  return {
    exitCode,
    document,
    statusOf: (name: string) => document.checks.find(({ check }) => check === name)?.status,
  };
}

const fails = (message: string) => () => Promise.reject(new Error(message));

describe('captcha doctor', () => {
  it('runs every check once, and all are fine', async () => {
    const { exitCode, document } = await examined();
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ schemaVersion: 1, ok: true });
    expect(document.checks.map(({ check }) => check)).toEqual(checkNames);
    expect(document.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    for (const check of document.checks) expect(Object.keys(check)).toEqual(['check', 'status', 'found', 'fix']);
  });

  it('continues without a readable configuration', async () => {
    const stage = aStage({ doctor: healthyTools, globals: { json: true } });
    const broken = { ...stage.context, config: () => Promise.reject(new UsageError('a.json:1:1: not valid JSON')) };
    expect(await run({}, broken)).toBe(2);
    const { checks } = JSON.parse(stage.stdout.text) as Document;
    const byStatus = (status: string) => checks.filter((each) => each.status === status).map(({ check }) => check);
    expect(byStatus('failure')).toEqual(['config']);
    expect(byStatus('ok')).toEqual(['key', 'proxy', 'node', 'state-folder', 'disk-space']);
    expect(checks).toHaveLength(checkNames.length);
  });

  it('also finds an invalid proxy without a configuration', async () => {
    const proxyFor = (): never => {
      throw new UsageError('HTTPS_PROXY is not a URL', 'write one');
    };
    const stage = aStage({ doctor: { ...healthyTools, proxyFor }, globals: { json: true } });
    await run({}, { ...stage.context, config: () => Promise.reject(new UsageError('not valid JSON')) });
    const { checks } = JSON.parse(stage.stdout.text) as Document;
    expect(checks.find(({ check }) => check === 'proxy')).toMatchObject({ status: 'failure', fix: 'write one' });
  });

  it('continues if a check itself fails, and names its error', async () => {
    const { exitCode, document, statusOf } = await examined({ stateFolder: fails('odd'), keyFacts: fails('odder') });
    expect(exitCode).toBe(2);
    expect(statusOf('state-folder')).toBe('failure');
    expect(statusOf('routes')).toBe('ok');
    expect(JSON.stringify(document)).toContain('the check itself failed: odder');
  });

  it('collects facts once that several checks need', async () => {
    let surveys = 0;
    await examined({ apiProbe: async (of) => ((surveys += 1), healthyTools.apiProbe(of)) });
    expect(surveys).toBe(1);
  });

  it('sends no request if the proxy variables are invalid', async () => {
    const malformed = (): never => {
      throw new UsageError('HTTPS_PROXY is not a URL', 'write one');
    };
    const { exitCode, statusOf } = await examined({ proxyFor: malformed, apiProbe: async () => malformed() });
    expect(exitCode).toBe(2);
    expect(['proxy', 'api', 'clock', 'account'].map(statusOf)).toEqual(['failure', 'skipped', 'skipped', 'skipped']);
  });

  it('keeps terminal control characters out of its findings', async () => {
    const { document } = await examined({ keyFacts: fails('\u001b[2Jgone\u202e') });
    expect(document.checks[1]?.found).toBe('the check itself failed:  [2Jgone ');
  });

  it.each([
    [true, 'sign', /✔ {2}config/],
    [false, 'words', /ok {7}config/],
  ])('on a terminal with colours %s shows %s', async (color, _name, pattern) => {
    const parts = { options: { color }, stdout: { isTTY: true, columns: 100 } };
    const stage = aStage({ config, doctor: healthyTools, regionProbe: answering, ...parts });
    await run({}, stage.context);
    expect(stage.stdout.text.replace(/\u001b\[\d+m/g, '')).toMatch(pattern);
    expect(stage.stderr.text).toContain('16 ok, 0 warnings, 0 failures, 0 skipped');
  });

  it('writes no colours into a pipe', async () => {
    const stage = aStage({ config, doctor: healthyTools, regionProbe: answering, options: { color: true } });
    await run({}, stage.context);
    expect(stage.stdout.text).not.toContain('\u001b');
    expect(stage.stdout.text).toMatch(/ok {7}config/);
  });
});
