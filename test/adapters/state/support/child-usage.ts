import { writeSync } from 'node:fs';
import { UsageFile } from '../../../../src/adapters/state/usage-file.ts';
import { noTasks } from '../../../../src/domain/usage.ts';

/** `child.mjs STATE_FOLDER URL METHOD COUNT`: counts COUNT submissions one by one, and prints how many are stored. */
const [, , stateFolder = '', baseUrl = '', method = '', count] = process.argv;
const timestamp = (): number => Date.now();
const file = new UsageFile({
  ...{ stateFolder, baseUrl, accountId: 'a', timestamp },
  onUnavailable: (message) => void writeSync(1, `unavailable: ${message}\n`),
});

for (let index = 1; index <= Number(count); index += 1) {
  const hour = Math.floor(timestamp() / 3_600_000);
  const counts = { ...noTasks, submissions: 1 };
  file.append([{ hour, method, region: null, label: null, counts, solveTimes: {} }]);
  writeSync(1, `${index}\n`);
}
