import { probeOnce } from '../../cli/regions/health-report.ts';
import type { Config } from '../../config/schema.ts';
import { greatCircleKm } from '../../core/routing/great-circle.ts';
import { locationOf } from '../../core/routing/nearest-region.ts';
import { compileRouter } from '../../core/routing/region-router.ts';
import type { ServiceSurvey } from '../../ports/api.ts';
import { checkAccount, checkApi, checkClock, checkKey, checkLatency } from './account-checks.ts';
import type { Ward } from './doctor-context.ts';
import { type CheckName, type Finding, orProblem, skipped } from './finding.ts';
import { checkConfig, checkDiskSpace, checkNode, checkPolicy, checkProxy, checkStateFolder } from './local-checks.ts';
import { checkQueues, surveyQueues } from './queue-checks.ts';
import { checkRegionHealth, checkRegions, checkRoutes } from './region-checks.ts';

type Look = (ward: Ward) => Finding | Promise<Finding>;

const withConfig =
  (judge: (config: Config, ward: Ward) => Finding | Promise<Finding>): Look =>
  async (ward) => {
    const config = await ward.config();
    return config === null ? skipped('needs a valid configuration', 'see the check config') : judge(config, ward);
  };

const withSurvey = (judge: (survey: ServiceSurvey, config: Config, ward: Ward) => Finding | Promise<Finding>): Look =>
  withConfig(async (config, ward) => {
    const survey = await ward.survey();
    if ('problem' in survey) return skipped('the service was not asked', 'see the check proxy');
    return judge(survey.value, config, ward);
  });

async function lookAtConfig(ward: Ward): Promise<Finding> {
  const loaded = await ward.loaded();
  if ('problem' in loaded) return checkConfig({ loaded, hastyPolling: null });
  const polling = await orProblem(() => ward.tools.checkPolling(loaded.value.config));
  return checkConfig({ loaded, hastyPolling: 'problem' in polling ? polling.problem : null });
}

const proxyVariable = /^(https?|all|no)_proxy$/i;

async function lookAtProxy(ward: Ward): Promise<Finding> {
  const { tools, context } = ward;
  // The variables say the same without a configuration, if perhaps of another host.
  const baseUrl = (await ward.config())?.api.baseUrl ?? tools.usualBaseUrl;
  const variables = Object.keys(context.env).filter((name) => proxyVariable.test(name) && context.env[name] !== '');
  const used = await orProblem(() => tools.proxyFor(baseUrl));
  return checkProxy({ variables, host: new URL(baseUrl).host, used: 'value' in used ? used.value : used });
}

async function lookAtAccount({ answers }: ServiceSurvey, _config: Config, ward: Ward): Promise<Finding> {
  const { source, problem } = await ward.key();
  return checkAccount(answers, source !== null && problem === null);
}

function lookAtRegions({ regions }: Config): Finding {
  const placed = regions.map((region) => ({ name: region.name, place: locationOf(region) }));
  return checkRegions(placed, greatCircleKm);
}

async function lookAtRegionHealth(config: Config, { context }: Ward): Promise<Finding> {
  const { regions, api } = config;
  if (regions.length === 0) return checkRegionHealth([], null);
  const report = await probeOnce({ regions, baseUrl: api.baseUrl }, config, context);
  return checkRegionHealth(report.regions, report.note);
}

async function lookAtRoutes({ regions, routes }: Config): Promise<Finding> {
  const unreachable = await orProblem(() => compileRouter(regions, routes).unreachable);
  const { default: fallback, countries, rules } = routes;
  const names = regions.map(({ name }) => name);
  return checkRoutes({ regions: names, default: fallback, countries, ruleCount: rules.length, unreachable });
}

/** How each check gets its facts. */
export const looks: Record<CheckName, Look> = {
  config: lookAtConfig,
  key: async (ward) => checkKey(await ward.key(), (await ward.config())?.api.baseUrl ?? null),
  policy: withConfig(({ policy }) => checkPolicy(policy)),
  proxy: lookAtProxy,
  api: withSurvey((survey, { api }) => checkApi(survey, api.baseUrl)),
  latency: withSurvey((survey) => checkLatency(survey)),
  clock: withSurvey(({ answers }) => checkClock(answers?.clock ?? null)),
  account: withSurvey(lookAtAccount),
  node: ({ tools }) => checkNode(tools.runtime),
  'state-folder': async (ward) => checkStateFolder(await ward.stateFolder()),
  'disk-space': async (ward) => checkDiskSpace(await ward.stateFolder()),
  regions: withConfig(lookAtRegions),
  'region-health': withConfig(lookAtRegionHealth),
  routes: withConfig(lookAtRoutes),
  queues: withConfig(async (config, ward) => checkQueues(config, await surveyQueues(config, ward))),
};
