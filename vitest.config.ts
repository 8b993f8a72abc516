import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that replace a module, or that need one which no other file has loaded. */
const alone = [
  'test/adapters/files/replace-file.test.ts',
  'test/adapters/files/sync-before-name.test.ts',
  // It collects garbage: with the heap of all other files, each time takes a second.
  'test/core/fleet/soak.test.ts',
];

/** Files that wait for other processes start first, so that at the end no processor is idle until the last of them ends. */
class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isWaiting = ({ moduleId }: TestSpecification): boolean =>
      /\/test\/(acceptance|adapters|contract|deploy|golden)\//.test(moduleId);
    return [...sorted.filter(isWaiting), ...sorted.filter((file) => !isWaiting(file))];
  }
}

/** What holds for every run of tests. */
export const usual = {
  setupFiles: ['test/support/fixed-seed.ts'],
  // Guards against what hangs. No test is about how fast this machine is.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 120_000 } },
  sequence: { sequencer: WaitingFirst },
  // Half of the tests wait for other processes most of the time.
  maxWorkers: 2 * availableParallelism(),
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
};

export default defineConfig({
  test: {
    ...usual,
    projects: [
      // A process of its own for each file costs half a second of CPU each, so files put back what they change of theirs.
      { extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
  },
});
