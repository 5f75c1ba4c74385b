import { execFileSync } from 'node:child_process';
import type { TestContext } from 'vitest';

const installed = (() => {
  try {
    execFileSync('python3', ['-c', 'import csv, ast, json']);
    return true;
  } catch {
    return false;
  }
})();

/** Runs a Python program with a JSON value and returns the JSON it prints. Without Python, skips the test with a message. */
export function askPython<T>(context: TestContext, program: string, input: unknown): T {
  if (!installed) context.skip('python3 is not installed: the comparison with CPython was NOT done');
  const options = { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const preface =
    'import ast, csv, io, json, sys\ncsv.field_size_limit(10**9)\nasked = json.load(sys.stdin)\n';
  return JSON.parse(execFileSync('python3', ['-c', preface + program], options)) as T;
}
