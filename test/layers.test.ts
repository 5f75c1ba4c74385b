import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  backwardImports,
  backwardRoomImports,
  consoleWriters,
  datasetWordsInEngine,
  environmentReaders,
  foreignSchemas,
  importCycles,
  importsOf,
  longFiles,
  mayImport,
  type ProjectFile,
  unitOf,
  vagueNamesAmong,
  wideFolders,
} from './layer-rules.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const generated = /^src\/(database\/client\/|api\/schema-(types|enums)\.ts)/;

function filesUnder(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length))
      .filter((path) => !generated.test(path)),
  );
}

const code: ProjectFile[] = filesUnder(['src', 'jobs'])
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') }));

describe('the code', () => {
  it('has files with imports in every folder that the rules name', () => {
    const importing = new Set(
      code.filter((file) => importsOf(file).length > 0).map(({ path }) => unitOf(path)),
    );
    const withoutImports = [
      'src/csv-writer.ts',
      'src/fault.ts',
      'src/html.ts',
      'src/package-root.ts',
      'src/setting-types.ts',
      'src/telemetry.ts',
      'src/within.ts',
    ];
    expect([...importing, ...withoutImports].sort()).toEqual(Object.keys(mayImport).sort());
  });

  it('imports in the direction of the layers', () => expect(backwardImports(code)).toEqual([]));

  it('imports in the order of the rooms within each layer', () => {
    expect(backwardRoomImports(code)).toEqual([]);
  });

  it('has no file with more than 300 lines', () => expect(longFiles(code)).toEqual([]));

  it('has no folder with more than 15 files', () => {
    expect(wideFolders(code.map(({ path }) => path))).toEqual([]);
  });

  it('has no import cycles between folders', () => expect(importCycles(code)).toEqual([]));

  it('has file names that describe their content', () => {
    expect(vagueNamesAmong(filesUnder(['src', 'jobs', 'test', 'bench', 'bin']))).toEqual([]);
  });

  it('reads the environment in one file', () => expect(environmentReaders(code)).toEqual([]));

  it('writes to the console only in the command line', () => expect(consoleWriters(code)).toEqual([]));

  it('does not name the subject of the data set in the engine', () =>
    expect(datasetWordsInEngine(code)).toEqual([]));

  it('reads and writes only schemas of its own layer and lower ones', () => {
    expect(foreignSchemas(code)).toEqual([]);
  });
});

// Each rule is shown to find what it is for, and to ignore what only looks similar.
const file = (path: string, text: string): ProjectFile[] => [{ path, text }];

describe('the rule on import directions', () => {
  it.each([
    ['src/source/a.ts', `import { x } from '../warehouse/b.js';`],
    ['src/warehouse/a.ts', `export { x } from '../reporting/b.js';`],
    ['src/reporting/a.ts', `import type { X } from '../api/b.js';`],
    ['src/api/a.ts', `import { x } from '../reporting/definition.js';`],
    ['src/api/a.ts', `import { x } from '../../jobs/worker.js';`],
    ['src/api/a.ts', `type X = import('../source/feed.js').Feed;`],
    ['src/api/a.ts', `import { readConfiguration } from '../configuration.js';`],
    ['src/database/a.ts', `import '../source/feed.js';`],
    ['src/queue/a.ts', `const m = await import(\n  '../reporting/b.js'\n);`],
    ['src/warehouse/literal/a.ts', `import {\n  x,\n  y,\n} from '../../dataset/movies.js';`],
    ['jobs/a.ts', `import { movies } from '../src/dataset/movies.js';`],
    ['src/dataset/a.ts', `import { x } from '../../jobs/worker.js';`],
    ['src/elsewhere/a.ts', 'export const x = 1;'],
  ])('rejects in %s: %s', (path, text) => expect(backwardImports(file(path, text))).toHaveLength(1));

  it.each([
    ['src/reporting/a.ts', `import { x } from '../warehouse/b.js';`],
    ['src/source/a.ts', `// import { x } from '../warehouse/b.js';\n/** from '../api/b.js' */`],
    ['src/source/csv/a.ts', `import { x } from '../b.js';\nimport pg from 'pg';`],
    ['src/cli/a.ts', `import { movies } from '../dataset/movies.js';`],
  ])('accepts in %s: %s', (path, text) => expect(backwardImports(file(path, text))).toEqual([]));
});

it('the rule on rooms finds an import from a lower room, and a room without a position', () => {
  const backward = file('src/source/csv/a.ts', `import { x } from '../load/b.js';`);
  expect(backwardRoomImports(backward)).toEqual(['src/source/csv/a.ts imports src/source/load/b.ts']);
  expect(backwardRoomImports(file('src/source/load/a.ts', `import { x } from '../csv/b.js';`))).toEqual([]);
  expect(backwardRoomImports(file('src/source/csv/a.ts', `import { x } from '../feed.js';`))).toEqual([]);
  expect(backwardRoomImports(file('src/source/attic/a.ts', ''))).toHaveLength(1);
});

it('the rule on long files counts lines', () => {
  expect(longFiles(file('src/a.ts', 'x\n'.repeat(300)))).toEqual([]);
  expect(longFiles(file('src/a.ts', 'x\n'.repeat(301)))).toEqual(['src/a.ts: 301 lines, at most 300']);
});

it('the rule on wide folders counts files per folder', () => {
  const files = (folder: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${folder}/${index}.ts`);
  expect(wideFolders(files('src/source/csv', 15))).toEqual([]);
  expect(wideFolders(files('src/source/csv', 16))).toHaveLength(1);
  expect(wideFolders(files('src/cli/commands', 40))).toEqual([]);
});

it('the rule on cycles finds a cycle of three folders, and none in a chain', () => {
  const line = [...file('src/a/x.ts', `import '../b/x.js';`), ...file('src/b/x.ts', `import '../c/x.js';`)];
  expect(importCycles(line)).toEqual([]);
  expect(importCycles([...line, ...file('src/c/y.ts', `import '../a/z.js';`)])).toEqual([
    'src/a -> src/b -> src/c -> src/a',
  ]);
});

it('the rule on names applies to files and folders', () => {
  const vague = [
    'src/utils.ts',
    'src/api/helpers/date.ts',
    'jobs/common.ts',
    'test/lib/x.test.ts',
    'bin/shared.mjs',
  ];
  expect(vagueNamesAmong([...vague, 'src/library.ts', 'src/source/feed.ts'])).toEqual(vague);
});

it('the rule on the environment finds every way of reading it, except in the configuration', () => {
  const reading = ['process.env.PORT', `process['env']`, `import { env } from 'node:process';`];
  expect(reading.flatMap((text) => environmentReaders(file('src/cli/a.ts', text)))).toHaveLength(3);
  expect(environmentReaders(file('src/configuration.ts', 'process.env'))).toEqual([]);
  expect(environmentReaders(file('src/cli/a.ts', '// process.env is read elsewhere'))).toEqual([]);
});

it('the rule on the console ignores the command line', () => {
  expect(consoleWriters(file('src/api/a.ts', 'console.log(1)'))).toEqual(['src/api/a.ts']);
  expect(consoleWriters(file('src/cli/a.ts', 'console.log(1)'))).toEqual([]);
});

it('the rule on words finds identifiers, strings and SQL, but not comments or longer words', () => {
  const naming = ['const movieCount = 1', `const t = 'movie_genres'`, '`select * from warehouse.companies`'];
  expect(naming.flatMap((text) => datasetWordsInEngine(file('src/source/a.ts', text)))).toEqual([
    'src/source/a.ts: movie',
    'src/source/a.ts: movie',
    'src/source/a.ts: genres',
    'src/source/a.ts: companies',
  ]);
  expect(
    datasetWordsInEngine(file('src/source/a.ts', '/** 26 M ratings */\nconst generating = 1; // films')),
  ).toEqual([]);
  expect(datasetWordsInEngine(file('src/dataset/a.ts', 'const movies = 1'))).toEqual([]);
});

it('the rule on schemas finds a statement that uses a schema of another layer', () => {
  expect(foreignSchemas(file('src/api/a.ts', '`select x from warehouse.things`'))).toEqual([
    'src/api/a.ts: warehouse',
  ]);
  expect(foreignSchemas(file('src/source/a.ts', '`insert into "reporting".x`'))).toEqual([
    'src/source/a.ts: reporting',
  ]);
  expect(
    foreignSchemas(file('src/api/a.ts', '`select x from reporting.publication`; source.length')),
  ).toEqual([]);
});
