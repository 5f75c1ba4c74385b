import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Vite would take the package's second copy (.mjs), Apollo takes the first, and graphql refuses to mix them.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-set-up.ts'],
    setupFiles: ['test/property-seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores are the reference machine: more files at once only queue for them.
    maxWorkers: 2,
    pool: 'forks',
  },
});
