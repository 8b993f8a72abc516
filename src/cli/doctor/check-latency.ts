import type { ServiceSurvey } from '../../ports/service-survey.ts';
import { formatMs } from '../output/format.ts';
import { type Finding, ok, skipped, warning } from './finding.ts';

/** An attempt asks four times or more: from here on the way to the service costs as much as some solutions take. */
const slowMs = 1_000;

const middleOf = (sorted: readonly number[]): number => {
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  return ((sorted[low] ?? 0) + (sorted[high] ?? 0)) / 2;
};

/** What it takes to connect: measured step by step, or through a proxy what the first question took beyond the others. */
function setUpMs({ connection }: ServiceSurvey, firstMs: number, medianMs: number): number {
  if (connection === null) return Math.max(0, firstMs - medianMs);
  return connection.steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

/** How long the service takes to answer, connecting apart: the baseline that regions are compared with. */
export function checkLatency(survey: ServiceSurvey): Finding {
  const [first, ...warmed] = survey.answers?.roundTripsMs ?? [];
  if (first === undefined) return skipped('nothing was answered');
  if (warmed.length === 0) {
    return skipped(
      `one round trip took ${formatMs(first)}, connecting included`,
      'a key that is accepted allows to measure',
    );
  }
  const sorted = warmed.toSorted((a, b) => a - b);
  const median = middleOf(sorted);
  const [min, max] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const spread = `min ${formatMs(min)}, median ${formatMs(median)}, max ${formatMs(max)}`;
  const found = `${spread} in ${warmed.length} round trips; connecting ${formatMs(setUpMs(survey, first, median))}`;
  return median < slowMs
    ? ok(found)
    : warning(found, 'run it nearer to the service, or look for what slows the way: a proxy, a VPN, a full line');
}
