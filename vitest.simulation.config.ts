import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/simulation/**/*.simulation.ts'], testTimeout: 900_000 },
});
