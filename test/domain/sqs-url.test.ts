import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/domain/errors.ts';
import { parseSqsUrl, readSqsUrl } from '../../src/domain/sqs-url.ts';

describe('the URL of an SQS queue', () => {
  it.each([
    ['sqs://tasks?region=eu-west-1', null, {}, { name: 'tasks', region: 'eu-west-1', endpoint: null }],
    ['sqs://tasks', 'us-east-1', { AWS_REGION: 'eu-west-1' }, { name: 'tasks', region: 'us-east-1', endpoint: null }],
    [
      'sqs://My_Tasks-2',
      'my-dc',
      { AWS_REGION: 'eu-west-1' },
      { name: 'My_Tasks-2', region: 'eu-west-1', endpoint: null },
    ],
    ['sqs://tasks', null, { AWS_REGION: '', AWS_DEFAULT_REGION: 'x' }, { name: 'tasks', region: 'x', endpoint: null }],
    [
      'sqs://tasks?region=r',
      null,
      { AWS_ENDPOINT_URL: 'http://all', AWS_ENDPOINT_URL_SQS: 'http://sqs' },
      { name: 'tasks', region: 'r', endpoint: 'http://sqs' },
    ],
    [
      'sqs://tasks?region=r&endpoint=http://own',
      null,
      { AWS_ENDPOINT_URL: 'http://all' },
      { name: 'tasks', region: 'r', endpoint: 'http://own' },
    ],
  ])('%s for %s with %o', (url, region, env, expected) => {
    expect(parseSqsUrl(url, region, env)).toEqual(expected);
  });

  it.each([
    ['sqs://tasks', /^no AWS region: write sqs:\/\/tasks\?region=us-east-1, or set AWS_REGION$/],
    ['sqs://tasks.fifo?region=r', /use a standard queue$/],
    ['sqs://tasks?region=r&wait=5', /^unknown parameter wait; known parameters: region and endpoint$/],
    ['sqs://a.b?region=r', /write sqs:\/\/NAME$/],
    ['sqs://me@tasks?region=r', /write sqs:\/\/NAME$/],
    ['sqs://?region=r', /write sqs:\/\/NAME$/],
    ['sqs', /write sqs:\/\/NAME$/],
  ])('%s is refused', (url, error) => {
    expect(readSqsUrl(url, null, {})).toEqual({ error: expect.stringMatching(error) as string });
    expect(() => parseSqsUrl(url, null, {})).toThrow(UsageError);
  });
});
