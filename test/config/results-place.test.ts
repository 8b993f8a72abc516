import { describe, expect, it } from 'vitest';
import { folderWith } from './folder.ts';
import { loadIn } from './load-in.ts';

const from = 'default: the Redis of the task queues';

/** Regions with these queues, by their index. */
const regionsWith = (...queues: readonly string[]) =>
  queues.map((queue, index) => ({ name: `region-${index}`, queue }));

async function resultsOf(content: object, env: NodeJS.ProcessEnv = {}) {
  const folder = await folderWith({ 'captcha.config.json': content });
  const { config, settings } = await loadIn(folder, { env });
  return { results: config.results, from: settings.find(({ path }) => path === 'results')?.from };
}

describe('the default of the results queue', () => {
  it('is database 9 of the one Redis of all task queues, for dispatchers and workers alike', async () => {
    const results = 'redis://redis:6379/9';
    const regions = regionsWith('redis://redis:6379/0', 'redis://redis/1', 'redis://redis:6379/2');
    expect(await resultsOf({ regions })).toEqual({ results, from });
    expect(await resultsOf({}, { TASK_QUEUE: 'redis://redis:6379/1' })).toEqual({ results, from });
    expect(await resultsOf({ regions }, { TASK_QUEUE: 'redis://other:6379/1' })).toEqual({ results, from });
  });

  it('keeps the login of the Redis', async () => {
    const { results } = await resultsOf({}, { TASK_QUEUE: 'rediss://user:p%25w@redis:6380/1' });
    expect(results).toBe('rediss://user:p%25w@redis:6380/9');
  });

  it.each([
    ['several servers', { regions: regionsWith('redis://one:6379/0', 'redis://two:6379/0') }, {}],
    ['several engines', { regions: regionsWith('redis://one:6379/0', 'sqs://tasks?region=us-east-1') }, {}],
    ['queues inside the process', { regions: regionsWith('memory:') }, {}],
    ['no queue', {}, {}],
    ['a TASK_QUEUE that is no URL', {}, { TASK_QUEUE: 'redis' }],
  ])('is none for %s', async (_what, content, env) => {
    expect(await resultsOf(content, env)).toEqual({ results: null, from: 'default' });
  });

  it('does not replace what is configured', async () => {
    const regions = regionsWith('redis://redis:6379/0');
    const RESULT_QUEUE_URL = 'redis://results:6379/0';
    expect(await resultsOf({ regions }, { RESULT_QUEUE_URL })).toEqual({
      ...{ results: RESULT_QUEUE_URL, from: 'RESULT_QUEUE_URL' },
    });
  });
});

describe('the cloud region of an SQS results queue that is given by its name', () => {
  const named = 'sqs://captcha-results-central';
  const content = { results: named, regions: [{ name: 'us-east-1' }], routes: { default: 'us-east-1' } };

  it('is that of routes.default', async () => {
    expect((await resultsOf(content)).results).toBe(`${named}?region=us-east-1`);
  });

  it.each([
    ['AWS_REGION says it', content, { AWS_REGION: 'eu-west-1' }, named],
    ['the URL says it', { ...content, results: `${named}?region=eu-west-1` }, {}, `${named}?region=eu-west-1`],
    [
      'the region is no cloud region',
      { results: named, regions: [{ name: 'dc' }], routes: { default: 'dc' } },
      {},
      named,
    ],
  ])('is not touched where %s', async (_what, given, env, results) => {
    expect((await resultsOf(given, env)).results).toBe(results);
  });
});
