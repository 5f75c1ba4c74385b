#!/usr/bin/env node
// `npm run check`: all checks that do not run the product. Runs all of them, then exits with the result.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUp } from './set-up.mjs';

await setUp();
const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
const checks = [
  ['types', tool('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'],
  ['lint and format', tool('@biomejs/biome/bin/biome'), 'ci', '--error-on-warnings', '.'],
  // Git ignores the generated client, and knip must read it: it is what imports @prisma/client.
  ['unused code', tool('knip/bin/knip.js'), '--no-gitignore'],
  [
    'layers, language, ledger SQL and schema drift',
    tool('vitest/vitest.mjs'),
    'run',
    'test/layers.test.ts',
    'test/language.test.ts',
    'test/ledger-sql.test.ts',
    'test/database/migrations.test.ts',
  ],
];
const failed = [];
for (const [name, ...command] of checks) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}\n`);
  if (status !== 0) failed.push(name);
}
process.exit(failed.length === 0 ? 0 : 1);
