import { bootId, bootMinutes, namespaceOf } from '../state/process-identity.ts';

/**
 * Names for the time since the last boot in which `hostNowMs` is one clock, the best first. Linux says which boot it is,
 * and a time namespace has a clock of its own. Elsewhere it is the minute of the boot.
 */
export function bootNames(): readonly string[] {
  const boot = bootId();
  if (boot !== null) return [`${boot.replaceAll('-', '').slice(0, 12)}-${namespaceOf('time')}`];
  return bootMinutes().map((minute) => `m${minute}`);
}
