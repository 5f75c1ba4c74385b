import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.js';
import { keepTemporaryFilesInMemory } from './test/memory-folder.js';
import { projectsOfTests, readTestFiles, testProjects } from './test/test-projects.js';

keepTemporaryFilesInMemory();
const projectOf = projectsOfTests(readTestFiles(import.meta.dirname));

export default defineConfig({
  test: {
    projects: testProjects.map((name) => ({
      resolve: {
        // Vite would take the package's second copy (.mjs), Apollo takes the first, and graphql refuses to mix them.
        alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
      },
      test: {
        name,
        include: [...projectOf].filter(([, project]) => project === name).map(([path]) => path),
        globalSetup: name === 'unit' ? [] : ['test/global-set-up.ts'],
        setupFiles: ['test/property-runs.ts', ...(name === 'unit' ? ['test/no-processes.ts'] : [])],
        testTimeout: 60_000,
        hookTimeout: 120_000,
        // What is compiled already is loaded as it is.
        server: { deps: { external: [/\/dist\//] } },
        pool: 'forks',
        // To load the modules for each file took half of the processor time of the tests of the API.
        isolate: false,
      },
    })),
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
