import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ProjectFile } from './layer-rules.js';
import { projectsOfTests, readTestFiles, testProjects } from './test-projects.js';

/** The project of `test/a.test.ts`, given its text and those of other files. */
function projectOf(text: string, others: Record<string, string> = {}): string | undefined {
  const files: ProjectFile[] = Object.entries(others).map(([path, other]) => ({ path, text: other }));
  return projectsOfTests([{ path: 'test/a.test.ts', text }, ...files]).get('test/a.test.ts');
}

// Assembled, and with names of files that do not exist, so that the examples do not decide about this file.
const childProcess = ['node', 'child_process'].join(':');
const embeddedPostgres = ['../src/database/embedded', 'embedded-postgres.js'].join('/');
const injectUrls = ['inject', "('urls')"].join('');

describe('a test file runs in the project', () => {
  it('unit when it needs nothing', () => {
    const others = { 'test/rows.ts': 'export const rows = [];' };
    expect(projectOf(`import { rows } from './rows.js';`, others)).toBe('unit');
  });

  it('database when it asks for what the global set-up provides', () => {
    expect(projectOf(`const urls = ${injectUrls};`)).toBe('database');
  });

  it('process when it can start one, with or without a database', () => {
    expect(projectOf(`import { spawn } from '${childProcess}';`)).toBe('process');
    expect(projectOf(`import { fork } from '${childProcess}'; ${injectUrls}`)).toBe('process');
    expect(projectOf(`await import("${childProcess}")`)).toBe('process');
    expect(projectOf(`import { useEmbeddedPostgres } from '${embeddedPostgres}';`)).toBe('process');
  });

  it('that the test files need which it imports, directly or not', () => {
    const others = {
      'test/example/drops.ts': `export { folder } from '../folder.js';`,
      'test/folder.ts': `import { open } from './example-fixture.js';`,
      'test/example-fixture.ts': injectUrls,
    };
    expect(projectOf(`import { folder } from './example/drops.js';`, others)).toBe('database');
    expect(projectOf(`import { other } from './other.js';`, others)).toBe('unit');
  });

  it('that its code needs, not its comments', () => {
    expect(projectOf(`// import { spawn } from '${childProcess}';\n// ${injectUrls}`)).toBe('unit');
  });

  it('process, too, where two files import each other', () => {
    const others = {
      'test/b.ts': `import './c.js';`,
      'test/c.ts': `import './b.js'; import '${childProcess}';`,
    };
    expect(projectOf(`import './b.js';`, others)).toBe('process');
  });
});

describe('the test files of this project', () => {
  const projects = projectsOfTests(readTestFiles(fileURLToPath(new URL('..', import.meta.url))));

  it('are spread over all projects', () => {
    expect(new Set(projects.values())).toEqual(new Set(testProjects));
    expect(projects.get('test/layers.test.ts')).toBe('unit');
    expect(projects.get('test/readme.test.ts')).toBe('process');
  });

  it('cannot start a process where they are unit tests', async () => {
    const { spawn, execFileSync } = await import(childProcess);
    expect(() => spawn('true')).toThrow('A unit test started a process');
    expect(() => execFileSync('true')).toThrow('A unit test started a process');
  });
});
