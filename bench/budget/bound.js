/** The bucket that the processes of the benchmark share. */
export const bound = { perSecond: 500, burst: 50 };

/** The maximum by which the grants inside any window exceed `burst + perSecond·t`; 0 or less is exact. */
export function worstExcess(grants) {
  const byEnd = grants.toSorted((a, b) => a[1] - b[1]);
  return grants.reduce((worst, [fromMs]) => {
    let count = 0;
    let most = worst;
    for (const [askedMs, gotMs] of byEnd) {
      if (askedMs < fromMs) continue;
      count += 1;
      most = Math.max(most, count - bound.burst - (bound.perSecond * (gotMs - fromMs)) / 1_000);
    }
    return most;
  }, -Infinity);
}
