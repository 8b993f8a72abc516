/**
 * Milliseconds on the monotonic clock that all processes of this machine share: CLOCK_MONOTONIC on Linux,
 * mach_absolute_time on macOS. It restarts with every boot.
 */
export function hostNowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
