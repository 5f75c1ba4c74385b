import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { packageRoot } from '../../../src/package-root.js';
import type { Assignment } from './worker-program.js';

/** Compiles the loading process before the tests of a file: Node 20 runs no TypeScript. Call the result to start one. */
export function useWorkerProcess(): (assignment: Assignment) => Promise<ChildProcess> {
  // Inside the package, where it finds its modules.
  const built = join(packageRoot, 'dist', `source-worker-${process.pid}`);
  const children: ChildProcess[] = [];
  beforeAll(() => {
    const options = '--ignoreConfig --noCheck --module nodenext --target es2023 --skipLibCheck --types node';
    const compiler = join(packageRoot, 'node_modules/typescript/bin/tsc');
    const program = join(packageRoot, 'test/source/load/worker-program.ts');
    execFileSync(
      process.execPath,
      [compiler, ...options.split(' '), '--rootDir', packageRoot, '--outDir', built, program],
      { stdio: 'inherit' },
    );
  });
  afterAll(() => {
    for (const child of children) {
      child.kill('SIGKILL');
    }
    rmSync(built, { recursive: true, force: true });
  });
  return async (assignment) => {
    const child = fork(join(built, 'test/source/load/worker-program.js'), [JSON.stringify(assignment)]);
    children.push(child);
    await once(child, 'message');
    return child;
  };
}
