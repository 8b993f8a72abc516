import { describe, expect, it } from 'vitest';
import { describeChanges } from '../../../src/cli/regions/health-format.ts';
import { aFrame, aHealth, anUnhealthy, spread } from './frames.ts';

const well = aFrame([aHealth('eu'), aHealth('us'), aHealth('ap')]);
const ill = aFrame([anUnhealthy('eu'), aHealth('us'), aHealth('ap')], { failover: [spread] });
const degraded = aFrame([
  aHealth('eu', { status: 'degraded', error: 'HTTP 503, 1 of 3' }),
  aHealth('us'),
  aHealth('ap'),
]);
const held = { from: 'eu', to: [], held: true, reason: 'no healthy region in residency eu' };
const unreachable = { reachable: false, latencyMs: null, error: 'connection refused' };

describe('the changes between two rounds', () => {
  it.each([
    ['nothing', well, well, []],
    ['nothing while it stays as it is', ill, ill, []],
    ['a failure that does not count yet', well, degraded, ['eu: healthy -> degraded (HTTP 503, 1 of 3)']],
    [
      'a region that fell, and who takes its tasks',
      degraded,
      ill,
      ['eu: degraded -> unhealthy (HTTP 503); its tasks go to us 60 %, ap 40 %'],
    ],
    [
      'a region whose tasks nobody may take',
      well,
      { ...ill, failover: [held] },
      ['eu: healthy -> unhealthy (HTTP 503); its tasks are held: no healthy region in residency eu'],
    ],
    [
      'tasks that stay at home with all down',
      well,
      { ...ill, failover: [{ ...held, held: false, reason: 'no healthy region: tasks stay in their own region' }] },
      [
        'eu: healthy -> unhealthy (HTTP 503); its tasks are not moved: no healthy region: tasks stay in their own region',
      ],
    ],
    ['a region that is back', ill, well, ['eu is back: healthy; its own tasks return to it']],
    [
      'other takers',
      ill,
      { ...ill, failover: [{ ...spread, to: [{ region: 'us', share: 1 }] }] },
      ['eu: its tasks go to us 100 % from now on'],
    ],
    ['nothing where shares alone move', ill, { ...ill, failover: [{ ...spread, to: [...spread.to].reverse() }] }, []],
    ['an API that is gone', well, { ...well, api: unreachable }, ['CaptchaAI API: not reachable (connection refused)']],
    ['an API that is back', { ...well, api: unreachable }, well, ['CaptchaAI API: reachable again']],
    [
      'another reason for the same status',
      ill,
      { ...ill, regions: [anUnhealthy('eu', { error: 'timed out after 5s' }), ...ill.regions.slice(1)] },
      ['eu: still unhealthy (HTTP 503 -> timed out after 5s)'],
    ],
    [
      'a reason that is gone',
      aFrame([aHealth('eu', { error: 'queueDepth is not a count' })]),
      aFrame([aHealth('eu')]),
      ['eu: still healthy (queueDepth is not a count -> no error)'],
    ],
    [
      'nothing where only the count of failures or tasks moves',
      aFrame([aHealth('eu', { status: 'degraded', error: 'no workers for 3 waiting tasks, 1 of 3' })]),
      aFrame([aHealth('eu', { status: 'degraded', error: 'no workers for 9 waiting tasks, 2 of 3' })]),
      [],
    ],
    [
      'nothing while it recovers',
      ill,
      { ...ill, regions: [anUnhealthy('eu', { error: 'answers again, 1 of 2' }), ...ill.regions.slice(1)] },
      [],
    ],
    ['what to make of it', well, { ...well, note: 'is it us?' }, ['is it us?']],
  ])('are %s', (_name, before, after, changes) => {
    expect(describeChanges(before, after)).toEqual(changes);
  });

  it('name the three largest targets, and count the others', () => {
    const to = ['a', 'b', 'c', 'd', 'e'].map((region) => ({ region, share: 0.2 }));
    expect(describeChanges(well, { ...ill, failover: [{ ...spread, to }] })[0]).toMatch(
      /go to a 20 %, b 20 %, c 20 %, 2 more$/,
    );
  });
});
