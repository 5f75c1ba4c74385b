import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/package-root.js';
import { rejectReasons } from '../src/source/csv/reject-reason.js';
import { issueReasons } from '../src/warehouse/clean/issue-reason.js';

/** The rows of the tables of the page, by the heading they stand under, without their headers. */
function tablesOf(page: string): Map<string, string[][]> {
  const tables = new Map<string, string[][]>();
  for (const section of page.split(/^## /m).slice(1)) {
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
      );
    tables.set(section.split('\n')[0]!, rows);
  }
  return tables;
}

/** Every code an error is made with, as the text of the program has it, with the class of the error. */
function codesThrown(): Map<string, Set<string>> {
  const codes = new Map<string, Set<string>>();
  for (const folder of ['src', 'jobs']) {
    const files = readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts') && !name.includes('client/'))) {
      const text = readFileSync(join(packageRoot, folder, file), 'utf8');
      const made = /new (Fault|Failure|RunEnded|Stopped)\(\s*(?:[\w.]+ \?\? )?'([^']*)'/g;
      for (const [, kind, code] of text.matchAll(made)) {
        const kinds = codes.get(code!) ?? new Set();
        codes.set(code!, kinds.add(kind === 'Failure' ? 'failure' : 'fault'));
      }
    }
  }
  return codes;
}

const tables = tablesOf(readFileSync(join(packageRoot, 'docs', 'codes.md'), 'utf8'));

describe('the page on the codes of the pipeline', () => {
  it('has every code an error is made with, with its kind, and no other', () => {
    const thrown = codesThrown();
    expect(thrown.size).toBeGreaterThan(90);
    const told = tables.get('Errors')!.filter((row) => row.length === 3);
    expect(told.map(([code, kind]) => `${code} ${kind}`)).toEqual(
      [...thrown].map(([code, kinds]) => `${code} ${[...kinds].join()}`).sort(),
    );
  });

  it('has every code the ledger of runs gives by itself, and no other', () => {
    const given = [
      'runs/reconcile',
      'worker/error-policy',
      'runs/runs',
      'worker/advance-run',
      'worker/attempt',
    ].flatMap((file) => {
      const text = readFileSync(join(packageRoot, 'src', 'queue', `${file}.ts`), 'utf8');
      const codes = /(?:[cC]ode: |[cC]ode \?\? | code : |^ +(?=worker_))'?(\w+)'?(?=[,;:)])/gm;
      return [...text.matchAll(codes)].map(([, code]) => code!).filter((code) => !codesThrown().has(code));
    });
    const told = tables.get('Errors')!.filter((row) => row.length === 2);
    expect(told.map(([code]) => code)).toEqual([...new Set(given)].sort());
  });

  it('has codes of lower case words between underscores alone', () => {
    const codes = [...tables.values()].flatMap((rows) => rows.map(([code]) => code));
    expect(codes.filter((code) => !/^[a-z0-9]+(_[a-z0-9]+)*$/.test(code!))).toEqual([]);
  });

  it('has why records are rejected and what issues are about, as the program has it', () => {
    expect(tables.get('Why a record is rejected')).toEqual(Object.entries(rejectReasons));
    expect(tables.get('What an issue is about')).toEqual(Object.entries(issueReasons));
  });
});
