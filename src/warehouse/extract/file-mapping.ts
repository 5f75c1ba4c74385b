import type { Queryable } from '../../database/queryable.js';
import { personalDataTransform } from '../mapping/field-types.js';
import { compileMapping } from '../mapping/mapping.js';
import { readMappingRows } from '../mapping/mapping-ledger.js';
import { columnOf, followKeys, type MappingRow } from '../mapping/mapping-row.js';
import type { Mapping } from '../mapping/table-plan.js';
import { readCatalog } from '../tables/catalog.js';
import type { SourceFile } from './source-file.js';

/** What is told of a file for its mapping to be found. */
type Headed = Pick<SourceFile, 'header' | 'sourceTable'>;

/**
 * A mapping as it reads one file. A file of before the vendor renamed a column has it under its former name: what the mapping
 * fills from a column that the file lacks is read from the one that filled it in the newest version before that reads only
 * columns the file has. It follows from the header and the ledger of mappings alone, so that a file gives the same under one
 * version whenever it is read: cleaned, late, or rebuilt.
 */
export async function mappingOfFile(db: Queryable, mapping: Mapping, file: Headed): Promise<Mapping> {
  if (mapping.version === null || lackedBy(file, mapping.rows).length === 0) return mapping;
  const former = await formerRows(db, mapping.version, file);
  const rows = readByFormerNames(followKeys(mapping.rows), former, file);
  return compileMapping(rows, await readCatalog(db), mapping.version);
}

/** The rows that read a column which the file has not; the load takes the names of columns in any case. */
function lackedBy({ header, sourceTable }: Headed, rows: readonly MappingRow[]): MappingRow[] {
  const names = new Set(header.map((name) => name.toLowerCase()));
  return followKeys(rows).filter(
    (row) => row.source_table === sourceTable && !names.has(columnOf(row).toLowerCase()),
  );
}

/** The newest version before this one that reads the feed and no column that the file lacks; none where there is none. */
async function formerRows(db: Queryable, version: number, file: Headed): Promise<MappingRow[]> {
  const { rows: versions } = await db.query<{ number: number }>(
    `/* warehouse.versions_before */
     select distinct mapping_version as number from support.data_mapping
     where mapping_version < $1 and source_table = $2 order by 1 desc`,
    [version, file.sourceTable],
  );
  for (const { number } of versions) {
    const rows = await readMappingRows(db, number);
    if (lackedBy(file, rows).length === 0) {
      return followKeys(rows).filter((row) => row.source_table === file.sourceTable);
    }
  }
  return [];
}

/** The rows with those that read a column the file lacks reading the one that the former rows fill the same field from. */
export function readByFormerNames(
  rows: readonly MappingRow[],
  former: readonly MappingRow[],
  file: Headed,
): MappingRow[] {
  const place = (row: MappingRow) => `${row.end_table}.${row.end_field}`;
  const before = new Map(former.map((row) => [place(row), row]));
  // All entries of a table are of one nested column, also those of fields that are new.
  const nested = new Map(former.filter(isOfEntries).map((row) => [row.end_table, columnOf(row)]));
  // What was hashed may not be read as it is, whatever is made of it now.
  const hashed = new Set(former.filter(isHashed).map((row) => row.source_field));
  const found = new Map<string, string>();
  const barred = new Set<string>();
  for (const row of lackedBy(file, rows)) {
    const was = before.get(place(row));
    const column = isOfEntries(row)
      ? nested.get(row.end_table)
      : was === undefined || isOfEntries(was)
        ? undefined
        : columnOf(was);
    if (column === undefined) continue;
    const field = `${column}${row.source_field.slice(columnOf(row).length)}`;
    if (isHashed(row) || !hashed.has(field)) found.set(place(row), field);
    else if (isOfEntries(row)) barred.add(row.end_table);
  }
  return rows.map((row) => {
    const field = found.get(place(row));
    return field === undefined || (isOfEntries(row) && barred.has(row.end_table))
      ? row
      : { ...row, source_field: field };
  });
}

function isOfEntries({ source_field }: MappingRow): boolean {
  return source_field.includes('.');
}

function isHashed({ transform }: MappingRow): boolean {
  return transform === personalDataTransform;
}
