import { namespaceOf, stateOf, thisProcess } from '../state/process-identity.ts';

const pidNamespace = namespaceOf('pid');
const { pid, start, space, host } = thisProcess();

/** Names this process in a log of one boot and one time namespace, as `pid.start.namespace`. */
export const thisWriter = `${pid}.${start ?? ''}.${pidNamespace}`;

/** Whether a writer has ended, or stands still. One that cannot be seen from here counts as alive. */
export function isGone(writer: string): boolean {
  const [pidThere = '', startedAt = '', namespace] = writer.split('.');
  if (writer === thisWriter || namespace !== pidNamespace) return false;
  const state = stateOf({ pid: Number(pidThere), start: startedAt === '' ? null : startedAt, space, host });
  // The answers of a stopped one may come, but nobody knows when.
  return state === 'ended' || state === 'stopped';
}
