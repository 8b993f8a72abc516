import { probeOnce } from '../../cli/regions/health-report.ts';
import type { Config } from '../../config/schema.ts';
import { greatCircleKm } from '../../core/routing/great-circle.ts';
import { locationOf } from '../../core/routing/nearest-region.ts';
import { compileRouter } from '../../core/routing/region-router.ts';
import type { ApiProbeReport } from '../../ports/api.ts';
import { checkAccount, checkApi, checkClock, checkKey, checkLatency } from './account-checks.ts';
import type { DoctorContext } from './doctor-context.ts';
import { type CheckName, type Finding, orProblem, skipped } from './finding.ts';
import {
  checkConfig,
  checkDiskSpace,
  checkNode,
  checkPolicy,
  checkProxy,
  checkSharedState,
  checkStateFolder,
} from './local-checks.ts';
import { checkQueues, probeQueues } from './queue-checks.ts';
import { checkRegionHealth, checkRegions, checkRoutes } from './region-checks.ts';

type Check = (doctorContext: DoctorContext) => Finding | Promise<Finding>;

const withConfig =
  (judge: (config: Config, doctorContext: DoctorContext) => Finding | Promise<Finding>): Check =>
  async (doctorContext) => {
    const config = await doctorContext.config();
    return config === null
      ? skipped('needs a valid configuration', 'see the config check')
      : judge(config, doctorContext);
  };

const withApiProbe = (
  judge: (apiProbe: ApiProbeReport, config: Config, doctorContext: DoctorContext) => Finding | Promise<Finding>,
): Check =>
  withConfig(async (config, doctorContext) => {
    const apiProbe = await doctorContext.apiProbe();
    if ('error' in apiProbe) return skipped('the service was not contacted', 'see the proxy check');
    return judge(apiProbe.value, config, doctorContext);
  });

async function checkConfigFile(doctorContext: DoctorContext): Promise<Finding> {
  const loaded = await doctorContext.loaded();
  if ('error' in loaded) return checkConfig({ loaded, hastyPolling: null });
  const polling = await orProblem(() => doctorContext.tools.checkPolling(loaded.value.config));
  return checkConfig({ loaded, hastyPolling: 'error' in polling ? polling.error : null });
}

const proxyVariable = /^(https?|all|no)_proxy$/i;

async function checkProxySettings(doctorContext: DoctorContext): Promise<Finding> {
  const { tools, context } = doctorContext;
  // The variables say the same without a configuration, if perhaps of another host.
  const config = await doctorContext.config();
  const baseUrl = config?.api.baseUrl ?? tools.defaultBaseUrl;
  const variables = Object.keys(context.env).filter((name) => proxyVariable.test(name) && context.env[name] !== '');
  const used = await orProblem(() => tools.proxyFor(baseUrl));
  const regions = await orProblem(() =>
    (config?.regions ?? []).flatMap(({ name, health }) =>
      health === null ? [] : [{ name, proxy: tools.proxyFor(health)?.url ?? null }],
    ),
  );
  const facts = { variables, host: new URL(baseUrl).host, regions: 'value' in regions ? regions.value : [] };
  return checkProxy({ ...facts, used: 'error' in regions ? regions : used });
}

async function checkAccountOf(
  { answers }: ApiProbeReport,
  _config: Config,
  doctorContext: DoctorContext,
): Promise<Finding> {
  const { source, problem } = await doctorContext.key();
  return checkAccount(answers, source !== null && problem === null);
}

function checkConfiguredRegions({ regions }: Config): Finding {
  const located = regions.map((region) => ({ name: region.name, place: locationOf(region) }));
  return checkRegions(located, greatCircleKm);
}

async function probeConfiguredRegions(config: Config, { context }: DoctorContext): Promise<Finding> {
  const { regions, api } = config;
  if (regions.length === 0) return checkRegionHealth([], null);
  const report = await probeOnce({ regions, baseUrl: api.baseUrl }, config, context);
  return checkRegionHealth(report.regions, report.note);
}

async function checkConfiguredRoutes({ regions, routes }: Config): Promise<Finding> {
  const unreachable = await orProblem(() => compileRouter(regions, routes).unreachable);
  const { default: fallback, countries, rules } = routes;
  const names = regions.map(({ name }) => name);
  return checkRoutes({ regions: names, default: fallback, countries, ruleCount: rules.length, unreachable });
}

/** How each check gets its facts. */
export const allChecks: Record<CheckName, Check> = {
  config: checkConfigFile,
  key: async (doctorContext) =>
    checkKey(await doctorContext.key(), (await doctorContext.config())?.api.baseUrl ?? null),
  policy: withConfig(({ policy }) => checkPolicy(policy)),
  proxy: checkProxySettings,
  api: withApiProbe((apiProbe, { api }) => checkApi(apiProbe, api.baseUrl)),
  latency: withApiProbe((apiProbe) => checkLatency(apiProbe)),
  clock: withApiProbe(({ answers }) => checkClock(answers?.clock ?? null)),
  account: withApiProbe(checkAccountOf),
  node: ({ tools, context }) => checkNode(tools.runtime, context.clock.timestamp()),
  'state-folder': async (doctorContext) => checkStateFolder(await doctorContext.stateFolder()),
  'disk-space': async (doctorContext) => checkDiskSpace(await doctorContext.stateFolder()),
  'retry-budget': withConfig(async (config, { tools }) => checkSharedState(await tools.sharedState(config))),
  regions: withConfig(checkConfiguredRegions),
  'region-health': withConfig(probeConfiguredRegions),
  routes: withConfig(checkConfiguredRoutes),
  queues: withConfig(async (config, doctorContext) => checkQueues(config, await probeQueues(config, doctorContext))),
};
