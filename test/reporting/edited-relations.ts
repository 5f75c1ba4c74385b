import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { relations } from '../../src/dataset/relations/relations.js';
import { reports } from '../../src/dataset/reports/reports.js';
import type { ReportDefinition } from '../../src/reporting/definition/definition.js';

/** The reports, with a copy of the relations that a test can edit. */
export interface EditedRelations {
  readonly definitions: readonly ReportDefinition[];
  /** Replaces a text of a relation as it is released; nothing else of that relation stays edited. */
  edit(relation: string, text: string, replacement: string): void;
  /** Undoes all edits. */
  reset(): void;
}

export function useEditedRelations(): EditedRelations {
  const folder = mkdtempSync(join(tmpdir(), 'marquee-relations-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const copies = relations.map(({ name, sqlFile }) => ({
    name,
    sqlFile: join(folder, `${name}.sql`),
    text: readFileSync(sqlFile, 'utf8'),
  }));
  const reset = () => {
    for (const { sqlFile, text } of copies) writeFileSync(sqlFile, text);
  };
  reset();
  return {
    definitions: reports.map((report) => ({
      ...report,
      relations: copies.map(({ name, sqlFile }) => ({ name, sqlFile })),
    })),
    edit(relation, text, replacement) {
      const copy = copies.find(({ name }) => name === relation)!;
      if (!copy.text.includes(text)) throw new Error(`${relation} does not contain ${text}.`);
      writeFileSync(copy.sqlFile, copy.text.replace(text, replacement));
    },
    reset,
  };
}
