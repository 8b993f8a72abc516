import { describe, expect, it } from 'vitest';
import { checkFleet } from '../../../src/cli/fleet/open-fleet.ts';
import { checkQueueUrls, hasWorkersElsewhere, queueUrls, resultsUrl } from '../../../src/cli/fleet/fleet-queues.ts';
import { validate } from '../../../src/commands/config/command.ts';
import { workPlaceOf } from '../../../src/commands/worker/flags.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import { aConfig } from '../support/a-config.ts';
import { aStage } from '../support/a-stage.ts';

const regionsAt = (...queues: readonly (string | null)[]) =>
  queues.map((queue, index) => ({ name: `r${index + 1}`, ...(queue !== null && { queue }) }));
const fleetAt = (results: string | null, ...queues: readonly (string | null)[]) => ({
  regions: regionsAt(...queues),
  routes: { default: 'r1' },
  results,
});
const redis = 'redis://r/0';

/** What the commands of a fleet refuse, by the configuration and the environment. */
const refused: readonly (readonly [name: string, config: object, said: RegExp])[] = [
  ['SQS without an AWS region', fleetAt('redis://r/9', 'sqs://tasks'), /^sqs:\/\/tasks: no AWS region/],
  ['SQS results without an AWS region', fleetAt('sqs://results', redis), /^sqs:\/\/results: no AWS region/],
  ['results in the process, for queues outside it', fleetAt('memory:', redis), /^results is memory:/],
  [
    'one queue in the process, and one outside',
    fleetAt('redis://r/9', 'memory:', redis),
    /only some regions have a memory/,
  ],
];

describe('the queues of a configuration', () => {
  it.each(refused)('are refused by batch and by config validate: %s', async (_name, config, said) => {
    const stage = aStage({ config, globals: { json: true } });
    expect(() => checkFleet(aConfig(config), undefined, stage.context)).toThrow(said);
    await expect(validate({}, stage.context)).rejects.toThrow(said);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({
      valid: false,
      errors: [{ problem: expect.stringMatching(said) as string }],
    });
  });

  it.each([
    ['Redis', fleetAt('redis://r/9', redis, 'rediss://:p%25@s/1'), {}],
    [
      'SQS with the region in the environment',
      fleetAt('sqs://results', 'sqs://tasks', redis),
      { AWS_REGION: 'eu-west-1' },
    ],
    ['the process', fleetAt(null, 'memory:', 'memory:'), {}],
    ['none yet, without --via queues', fleetAt(null, null, null), {}],
    ['one of two, without --via queues', fleetAt('redis://r/9', redis, null), {}],
  ])('are valid in %s', (_name, config, env) => {
    expect(() => checkQueueUrls(aConfig(config), env)).not.toThrow();
  });

  it('are all needed for --via queues, and results with them', () => {
    const { context } = aStage();
    expect(() => checkFleet(aConfig(fleetAt('redis://r/9', redis, null)), undefined, context)).toThrow(
      'no queue is configured for: r2',
    );
    expect(() => checkFleet(aConfig(fleetAt(null, redis)), undefined, context)).toThrow(
      'no results queue is configured',
    );
    expect(() => checkFleet(aConfig({}), undefined, context)).toThrow('no regions are configured');
    const withoutDefault = aConfig({ ...fleetAt('redis://r/9', redis), routes: {} });
    expect(() => checkFleet(withoutDefault, undefined, context)).toThrow('routes.default is not set');
    expect(() => checkFleet(withoutDefault, 'r1', context)).not.toThrow();
  });

  it('can all be in the process', () => {
    const config = aConfig(fleetAt(null, 'memory:', 'memory:'));
    expect([...queueUrls(config).values(), resultsUrl(config)]).toEqual(['memory:', 'memory:', 'memory:']);
    expect(hasWorkersElsewhere(config)).toBe(false);
  });
});

describe('the queues of a worker', () => {
  const config = aConfig(fleetAt('redis://r/9', redis, 'memory:'));
  const placeOf = (env: Readonly<Record<string, string>>, region = 'r1') =>
    workPlaceOf({ region }, config, aStage({ env }).context);

  it('are those of its region, or TASK_QUEUE', () => {
    expect(placeOf({})).toMatchObject({ region: 'r1', queueUrl: redis, resultsUrl: 'redis://r/9' });
    expect(placeOf({ TASK_QUEUE: 'redis://other/3' })).toMatchObject({ queueUrl: 'redis://other/3' });
    expect(placeOf({ TASK_QUEUE: 'sqs://q', AWS_REGION: 'x' })).toMatchObject({ queueUrl: 'sqs://q' });
  });

  it.each([
    ['redis://:secret@r/abc', /redis:\/\/:\*\*\*@r\/abc: the path of a Redis URL must be a database number/],
    ['redis://:se%cret@r/0', /encode % as %25/],
    ['sqs://q', /no AWS region/],
    ['sqs://q.fifo?region=x', /use a standard queue/],
    ['http://q', /TASK_QUEUE is not a queue URL/],
    ['memory:', /exists only inside one process/],
  ])('are refused before the worker starts: %s', (url, said) => {
    expect(() => placeOf({ TASK_QUEUE: url })).toThrow(UsageError);
    expect(() => placeOf({ TASK_QUEUE: url })).toThrow(said);
    expect(() => placeOf({ TASK_QUEUE: url })).not.toThrow(/secret|se%cret/);
  });

  it('with --sandbox are in the process, whatever the environment says', () => {
    const { context } = aStage({
      globals: { sandbox: true },
      env: { WORKER_REGION: 'my-dc', TASK_QUEUE: redis },
    });
    const inProcess = aConfig(fleetAt('memory:', 'memory:', 'memory:'));
    const place = { region: 'r1', queueUrl: 'memory:', resultsUrl: 'memory:' };
    expect(workPlaceOf({}, inProcess, context)).toMatchObject(place);
    expect(workPlaceOf({ region: 'r2' }, inProcess, context)).toMatchObject({ ...place, region: 'r2' });
  });

  it('are those of a region that is configured', () => {
    expect(() => placeOf({}, 'r2')).toThrow(/memory:, which exists only inside one process/);
    expect(() => placeOf({}, 'r9')).toThrow('unknown region');
  });
});
