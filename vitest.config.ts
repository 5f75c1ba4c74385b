import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores are the reference machine: more files at once only queue for them.
    maxWorkers: 2,
    pool: 'forks',
  },
});
