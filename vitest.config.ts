import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/fixed-seed.ts'],
    testTimeout: 30_000,
    // On a strange, busy machine a test of real processes may meet a pause of seconds. The report names what was retried.
    retry: Number(process.env['TEST_RETRIES'] ?? 0),
  },
});
