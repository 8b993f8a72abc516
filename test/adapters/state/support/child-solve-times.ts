import { writeSync } from 'node:fs';
import { SolveTimeFile } from '../../../../src/adapters/state/solve-time-file.ts';

/** `child.mjs STATE_FOLDER URL COUNT`: writes COUNT solve times one by one, and prints a line at the start and at the end. */
const [, , stateFolder = '', baseUrl = '', count] = process.argv;
const file = new SolveTimeFile({
  ...{ stateFolder, baseUrl, keptPerMethod: 64 },
  onUnavailable: (message) => void writeSync(1, `unavailable: ${message}\n`),
});

for (let index = 0; index < Number(count); index += 1) {
  file.append([{ method: `m${index % 3}`, time: { notReadyMs: index, readyMs: index + 1 } }]);
  if (index === 0) writeSync(1, 'begun\n');
}
writeSync(1, 'ended\n');
