import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/package-root.js';
import { rejectReasons } from '../src/source/csv/reject-reason.js';
import { issueReasons } from '../src/warehouse/clean/issue-reason.js';

/** The rows of the page's tables without their headers, by the heading of the section. */
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

/** Every code that the source code creates an error with, and the class of the error. */
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

describe('docs/codes.md', () => {
  it('lists exactly the codes that errors are created with, with their kind', () => {
    const thrown = codesThrown();
    expect(thrown.size).toBeGreaterThan(90);
    const listed = tables.get('Errors')!.filter((row) => row.length === 3);
    expect(listed.map(([code, kind]) => `${code} ${kind}`)).toEqual(
      [...thrown].map(([code, kinds]) => `${code} ${[...kinds].join()}`).sort(),
    );
  });

  it('lists exactly the additional codes of the ledger of runs', () => {
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
    const listed = tables.get('Errors')!.filter((row) => row.length === 2);
    expect(listed.map(([code]) => code)).toEqual([...new Set(given)].sort());
  });

  it('lists codes that consist of lower-case words and underscores', () => {
    const codes = [...tables.values()].flatMap((rows) => rows.map(([code]) => code));
    expect(codes.filter((code) => !/^[a-z0-9]+(_[a-z0-9]+)*$/.test(code!))).toEqual([]);
  });

  it('lists the reasons of rejects and issues as in the source code', () => {
    expect(tables.get('Why a record is rejected')).toEqual(Object.entries(rejectReasons));
    expect(tables.get('What an issue is about')).toEqual(Object.entries(issueReasons));
  });
});
