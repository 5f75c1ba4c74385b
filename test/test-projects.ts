import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { importsOf, type ProjectFile, withoutComments } from './layer-rules.js';

/** What a test file needs besides the code it tests, and so the vitest project it runs in. */
export const testProjects = ['unit', 'database', 'process'] as const;
export type TestProjectName = (typeof testProjects)[number];

/** Modules through which a test starts other processes. */
const processModule = /^node:(child_process|cluster)$|\/database\/embedded\/embedded-postgres\.js$/;
const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"]+)\1/g;

/**
 * The project of each test file, derived from the file and from the files of the tests that it imports, directly or not:
 * `process` when one of them can start a process, else `database` when one of them asks for what the global set-up provides,
 * else `unit`. No list has to be kept up to date when a file moves or changes.
 */
export function projectsOfTests(files: readonly ProjectFile[]): Map<string, TestProjectName> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reach = (path: string, reached: Set<ProjectFile>): Set<ProjectFile> => {
    const file = byPath.get(path);
    if (file !== undefined && !reached.has(file)) {
      reached.add(file);
      for (const target of importsOf(file)) reach(target, reached);
    }
    return reached;
  };
  const projectOf = (path: string): TestProjectName => {
    const reached = [...reach(path, new Set())].map(({ text }) => withoutComments(text));
    if (reached.some(startsProcesses)) return 'process';
    return reached.some((text) => /\binject\(/.test(text)) ? 'database' : 'unit';
  };
  const tests = files.filter(({ path }) => path.endsWith('.test.ts'));
  return new Map(tests.map(({ path }) => [path, projectOf(path)]));
}

function startsProcesses(text: string): boolean {
  return [...text.matchAll(specifier)].some((match) => processModule.test(match[2]!));
}

/** All TypeScript files of the tests, by their paths from the root. */
export function readTestFiles(root: string): ProjectFile[] {
  return readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
