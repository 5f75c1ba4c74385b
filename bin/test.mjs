#!/usr/bin/env node
// `npm test`: set-up, then the tests; what is given behind `--` goes to vitest.
// The last line says the runner's own counts, for people and for machines.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './set-up.mjs';

await setUp();
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'marquee-counts-'));
const counts = join(folder, 'counts.json');
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${counts}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.stdout.write(`${countsLine(counts)}\n`);
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);

/** A file that could not be run counts as one failed test, since the runner knows of none in it. */
function countsLine(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    process.stderr.write('The test runner ended without a report.\n');
    return 'tests: 0 passed, 1 failed, 0 skipped';
  }
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + brokenFiles.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  return `tests: ${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
}
