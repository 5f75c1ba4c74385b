#!/usr/bin/env node
// `npm test`: set-up, then the tests; arguments after `--` go to vitest, such as `--project unit` or a file name.
// Ends with the slowest files, and with the counts on the last line, in a form that programs can read.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './set-up.mjs';

const shownFiles = 20;

await setUp();
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'marquee-counts-'));
const reportPath = join(folder, 'report.json');
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
const report = readReport(reportPath);
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${[...slowestFiles(report), countsLine(report)].join('\n')}\n`);
process.exit(status ?? 1);

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    process.stderr.write('The test runner ended without a report.\n');
    return undefined;
  }
}

function slowestFiles(report) {
  const files = (report?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, shownFiles);
  if (files.length === 0) return [];
  return [
    'Slowest files, in seconds:',
    ...files.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)}  ${relative(root, name)}`),
  ];
}

/** The runner finds no tests in a file that it cannot load; such a file counts as one failed test. */
function countsLine(report) {
  if (report === undefined) return 'tests: 0 passed, 1 failed, 0 skipped';
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + brokenFiles.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  return `tests: ${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
}
