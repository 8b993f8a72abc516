import type { ClockReading } from '../../ports/service-survey.ts';
import { formatMs } from '../output/format.ts';
import { failure, type Finding, ok, skipped, warning } from './finding.ts';

/** Solutions live 60 s and more: so much is a nuisance, and so much makes expired ones look fresh. */
const noticeableMs = 5_000;
const grossMs = 60_000;

const fix = 'let this machine set its clock by NTP, for example: sudo timedatectl set-ntp true';

/** Whether this machine's clock agrees with the service's. Solutions expire by the wall clock, and nothing else does. */
export function checkClock(reading: ClockReading | null): Finding {
  if (reading === null) return skipped('the service did not tell its time');
  const { serverAt, localAt, roundTripMs } = reading;
  // The header is cut to seconds: the moment was half a second later, give or take half a second.
  const skewMs = localAt - (serverAt + 500);
  const doubtMs = 500 + roundTripMs / 2;
  const sizeMs = Math.abs(skewMs);
  if (sizeMs <= Math.max(doubtMs, noticeableMs))
    return ok(`agrees with the service's to within ${formatMs(Math.max(doubtMs, sizeMs))}`);
  const found = `${formatMs(sizeMs)} ${skewMs > 0 ? 'ahead of' : 'behind'} the service's clock`;
  return sizeMs > grossMs ? failure(`${found}: when solutions expire is wrong`, fix) : warning(found, fix);
}
