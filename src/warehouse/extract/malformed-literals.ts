import type { PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import { ledger } from '../../database/prisma-client.js';
import { ident, raw, runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import type { MalformedColumn } from '../literal/expand.js';
import { requiredOfRecords } from '../mapping/mapping.js';
import type { Mapping, NestedPlan } from '../mapping/table-plan.js';
import { lacks } from './extraction.js';
import type { SourceFile } from './source-file.js';
import {
  acceptColumns,
  explainUnusable,
  isAboveLimit,
  readAcceptedColumns,
  remedyOfHeld,
  shownValues,
  type UnusableColumn,
} from './value-limit.js';

/** What is done when too many literals of a column cannot be read. */
export interface LiteralLimit {
  /** The share of a column's literals, 0 to 1, that may be unreadable. */
  readonly share: number;
  /** Who accepts more; undefined for nobody. */
  readonly acceptedBy: string | undefined;
  readonly runId: string | null;
}

/** A nested column of a file, with the mapping as it reads the file. */
export interface ColumnOfFile {
  readonly own: Mapping;
  readonly file: SourceFile;
  readonly nested: NestedPlan;
}

/** Gives the column when more of its literals than allowed cannot be read, among the records that have a usable key. */
export async function findTooManyUnreadable(
  client: PoolClient,
  { own, file, nested }: ColumnOfFile,
  malformed: readonly MalformedColumn[],
  { share }: LiteralLimit,
): Promise<UnusableColumn | null> {
  if (!isAboveLimit({ unusable: malformed.length, values: malformed.length }, share)) return null;
  const required = requiredOfRecords(own, file.sourceTable).map(lacks);
  const accepted = required.length === 0 ? 'true' : `not (${required.join(' or ')})`;
  const { expression } = nested;
  const { rows } = await client.query<{ values: number; records: number[] }>(
    `/* warehouse.count_literals */
     select count(*)::integer as values,
            coalesce(array_agg(s.record_number order by s.record_number) filter (where s.record_number = any($2)), '{}') as records
     from source.${identifier(file.sourceTable)} s
     where s.file_id = $1 and ${expression} <> '' and ${accepted}`,
    [file.id, malformed.map(({ recordNumber }) => recordNumber)],
  );
  const { values, records } = rows[0]!;
  if (!isAboveLimit({ unusable: records.length, values }, share)) return null;
  const examples = await client.query<{ record: number; value: string | null }>(
    `/* warehouse.first_malformed */
     select s.record_number as record, ${nested.personal ? 'null' : `left(${expression}, 100)`} as value
     from source.${identifier(file.sourceTable)} s
     where s.file_id = $1 and s.record_number = any($2) order by record`,
    [file.id, records.slice(0, shownValues)],
  );
  return {
    column: nested.column,
    expected: 'literal of lists and dicts',
    unusable: records.length,
    values,
    examples: examples.rows,
  };
}

/**
 * Records that the columns were accepted, or stops the caller's transaction. Columns that were accepted before are not judged
 * again, and neither is a file that is already cleaned under this version, which a rebuild reads again.
 * @throws Fault `load_held`
 */
export async function holdOrAccept(
  client: PoolClient,
  { mapping, file, limit }: { mapping: Mapping; file: SourceFile; limit: LiteralLimit },
  columns: readonly UnusableColumn[],
): Promise<void> {
  if (columns.length === 0) return;
  const mappingVersion = mapping.version!;
  const { fileTransform } = await ledger(client);
  if ((await fileTransform.count({ where: { file_id: file.id, mapping_version: mappingVersion } })) > 0)
    return;
  const before = await readAcceptedColumns(client, file.id, mappingVersion);
  const judged = columns.filter(({ column }) => !before.has(column));
  if (judged.length === 0) return;
  const { acceptedBy, runId, share } = limit;
  if (acceptedBy === undefined) {
    throw new Fault('load_held', `${explainUnusable(file.name, judged, share)}. ${remedyOfHeld(runId)}`);
  }
  await acceptColumns(client, { fileId: file.id, mappingVersion, acceptedBy, runId }, judged);
}

/** Replaces the issues of a nested column of a file by those of its literals that cannot be read. */
export async function writeMalformed(
  client: PoolClient,
  file: SourceFile,
  nested: NestedPlan,
  malformed: readonly MalformedColumn[],
): Promise<void> {
  await client.query(
    `/* warehouse.delete_malformed */
     delete from support.issue
     where file_id = $1 and table_name = $2 and column_name = $3 and reason = 'malformed_literal'`,
    [file.id, file.sourceTable, nested.column],
  );
  if (malformed.length === 0) return;
  const table = ident('source', file.sourceTable);
  const excerpt = nested.personal
    ? sql`null`
    : sql`substr(${raw(nested.expression)}, greatest(1, listed.position - 39), 80)`;
  await runSql(
    client,
    sql`/* warehouse.insert_malformed */
        insert into support.issue (file_id, record_number, table_name, column_name, value, reason, detail)
        select ${file.id}::integer, listed.record_number, ${file.sourceTable}, ${nested.column}, ${excerpt},
               'malformed_literal',
               'At character ' || listed.position || ' of the literal: ' || listed.message
        from unnest(${malformed.map((one) => one.recordNumber)}::integer[],
                    ${malformed.map((one) => one.position)}::integer[],
                    ${malformed.map((one) => one.message)}::text[]) as listed (record_number, position, message)
        join ${table} s on s.file_id = ${file.id} and s.record_number = listed.record_number
        order by listed.record_number`,
  );
}
