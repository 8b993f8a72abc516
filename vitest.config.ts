import { defineConfig } from 'vitest/config';

/** Folders whose files put back what they change of their process, so that many of them may share one. */
const folders = ['domain', 'protocol', 'core', 'commands', 'cli', 'config', 'sandbox', 'simulation'];
const sharing = folders.map((folder) => `test/${folder}/**/*.test.ts`);
const all = ['test/**/*.test.ts'];
/** ora reads the environment when it is first loaded, which must not be by another file. */
const alone = ['test/cli/progress.test.ts'];

/** What holds for every run of tests. */
export const usual = {
  setupFiles: ['test/support/fixed-seed.ts'],
  // Guards against what hangs. No test is about how fast this machine is.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 120_000 } },
  // Half of the tests wait for processes of their own most of the time.
  maxWorkers: '100%',
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
};

export default defineConfig({
  test: {
    ...usual,
    projects: [
      // A process of its own for each file costs half a second of CPU each.
      { extends: true, test: { name: 'shared', include: sharing, exclude: alone, isolate: false } },
      { extends: true, test: { name: 'isolated', include: all, exclude: sharing } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
  },
});
