import type { Catalog } from '../tables/catalog.js';
import { checkCells } from './mapping-cells.js';
import type { MappingComplaint } from './mapping-error.js';
import { followKeys, type MappingRow, sourceColumnOf, targetFieldOf } from './mapping-row.js';
import { checkRow } from './mapping-row-check.js';
import { checkTables } from './mapping-table-check.js';
import { checkTransition } from './mapping-transition.js';

/**
 * Lists everything that is wrong with a mapping, so that all of it can be corrected at once; empty when it may become the
 * current mapping. It checks names, types, tables and fields against the catalog, keys, and rows that contradict each other.
 * A source column that no file has brought is accepted when it replaces one that is no longer read: the vendor is about to
 * rename it.
 * @param current the rows that these will replace
 */
export function validateMapping(
  rows: readonly MappingRow[],
  catalog: Catalog,
  current: readonly MappingRow[] = [],
): MappingComplaint[] {
  if (rows.length === 0) return [emptyMapping];
  const cells = rows.flatMap((row, index) => checkCells(row, index + 1));
  if (cells.length > 0) return cells;
  const renamed = renamedColumns(rows, current);
  return [
    ...rows.flatMap((row, index) => checkRow(row, index + 1, catalog, renamed)),
    ...checkTables(rows, catalog),
    ...checkTransition(rows, catalog, current),
  ];
}

const emptyMapping: MappingComplaint = {
  position: null,
  column: null,
  code: 'mapping_empty',
  message: 'The mapping has no rows, expected at least one.',
};

/** The source columns, with their table, that rows read in place of a column that is no longer read. */
function renamedColumns(rows: readonly MappingRow[], current: readonly MappingRow[]): Set<string> {
  const followed = followKeys(rows);
  const stillRead = new Set(followed.map(sourceColumnOf));
  const columnBefore = new Map(followKeys(current).map((row) => [targetFieldOf(row), sourceColumnOf(row)]));
  return new Set(
    followed.flatMap((row) => {
      const column = sourceColumnOf(row);
      const before = columnBefore.get(targetFieldOf(row));
      const isRenamed = before !== undefined && (before === column || !stillRead.has(before));
      return isRenamed ? [column] : [];
    }),
  );
}
