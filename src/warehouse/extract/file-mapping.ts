import type { Queryable } from '../../database/queryable.js';
import { personalDataTransform } from '../mapping/field-types.js';
import { compileMapping } from '../mapping/mapping.js';
import { readMappingsBefore } from '../mapping/mapping-ledger.js';
import { columnOf, followKeys, isOfEntries, type MappingRow, targetFieldOf } from '../mapping/mapping-row.js';
import type { Mapping } from '../mapping/table-plan.js';
import { readCatalog } from '../tables/catalog.js';
import type { SourceFile } from './source-file.js';

/** What must be known of a file to find its mapping. */
type FileHeader = Pick<SourceFile, 'header' | 'sourceTable'>;

/**
 * A mapping as it reads one file. A file from before the vendor renamed a column has the column under its former name. A
 * field whose column the file lacks is read from the column that filled it in the newest earlier version that reads only
 * columns of the file. This depends only on the header and the ledger of mappings, so that a file gives the same rows under
 * one version whenever it is read: when it is cleaned, when it comes late, or in a rebuild.
 */
export async function mappingOfFile(db: Queryable, mapping: Mapping, file: FileHeader): Promise<Mapping> {
  if (mapping.version === null || missingFrom(file, mapping.rows).length === 0) return mapping;
  const former = await formerRows(db, mapping.version, file);
  const rows = readByFormerNames(followKeys(mapping.rows), former, file);
  return compileMapping(rows, await readCatalog(db), mapping.version);
}

/** The rows whose source column the file does not have. Column names match in any case, as they do in the load. */
function missingFrom({ header, sourceTable }: FileHeader, rows: readonly MappingRow[]): MappingRow[] {
  const names = new Set(header.map((name) => name.toLowerCase()));
  return followKeys(rows).filter(
    (row) => row.source_table === sourceTable && !names.has(columnOf(row).toLowerCase()),
  );
}

/** The rows of the newest earlier version that reads the feed and only columns of the file; empty when there was no such version. */
async function formerRows(db: Queryable, version: number, file: FileHeader): Promise<MappingRow[]> {
  const earlier = await readMappingsBefore(db, version, file.sourceTable);
  const rows = earlier.find((mapping) => missingFrom(file, mapping).length === 0) ?? [];
  return followKeys(rows).filter((row) => row.source_table === file.sourceTable);
}

/**
 * The rows, with those whose column the file lacks changed to read the column from which the former rows fill the same field.
 */
export function readByFormerNames(
  rows: readonly MappingRow[],
  former: readonly MappingRow[],
  file: FileHeader,
): MappingRow[] {
  const formerRow = new Map(former.map((row) => [targetFieldOf(row), row]));
  // All entries of a table come from one nested column, also those of fields that are new.
  const nestedColumn = new Map(former.filter(isOfEntries).map((row) => [row.end_table, columnOf(row)]));
  // What was hashed must not be read unhashed, whatever the mapping does with it now.
  const hashed = new Set(former.filter(isHashed).map((row) => row.source_field));
  const formerField = new Map<string, string>();
  const unreadable = new Set<string>();
  for (const row of missingFrom(file, rows)) {
    const column = isOfEntries(row)
      ? nestedColumn.get(row.end_table)
      : plainColumnOf(formerRow.get(targetFieldOf(row)));
    if (column === undefined) continue;
    const field = `${column}${row.source_field.slice(columnOf(row).length)}`;
    if (isHashed(row) || !hashed.has(field)) formerField.set(targetFieldOf(row), field);
    else if (isOfEntries(row)) unreadable.add(row.end_table);
  }
  return rows.map((row) => {
    const field = formerField.get(targetFieldOf(row));
    return field === undefined || (isOfEntries(row) && unreadable.has(row.end_table))
      ? row
      : { ...row, source_field: field };
  });
}

function plainColumnOf(row: MappingRow | undefined): string | undefined {
  return row === undefined || isOfEntries(row) ? undefined : columnOf(row);
}

function isHashed({ transform }: MappingRow): boolean {
  return transform === personalDataTransform;
}
