import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { joined, literal, raw, render, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import { unusableValueReasons } from '../../warehouse/clean/issue-reason.js';
import type { ReportDefinition } from '../definition/definition.js';
import { readReportSql } from '../sql/report-sql.js';

const unusableValuesQuery = sqlFile(new URL('sql/unusable-values.sql', import.meta.url));

/** A value that was sent but could not be used, so that the field is empty. */
export interface UnusableValue {
  readonly field: string;
  /** As sent; `***` for personal data. */
  readonly value: string;
  /** The reason of the issue. */
  readonly reason: string;
}

/** The fields in which any record has an unusable value, so that records without any are not searched for them. */
export interface UnusableFields {
  /** Fields of the entities that the report reads. */
  readonly ofEntities: readonly string[];
  /** Whether the summed field, and the entity of links to summed records, has any. */
  readonly ofSummed: boolean;
  readonly ofLinks: boolean;
}

/** Finds out in which fields that a report reads values could not be used. */
export async function unusableFields(
  client: ClientBase,
  definition: ReportDefinition,
): Promise<UnusableFields> {
  const { entityTable, summed } = definition.contributions!;
  const tables = [entityTable, ...(summed === undefined ? [] : [summed.table, summed.links.table])];
  const { issue } = await ledger(client);
  const rows = await issue.groupBy({
    by: ['table_name', 'column_name'],
    where: { table_name: { in: tables }, reason: { in: [...unusableValueReasons] } },
  });
  const has = (table: string, field: string) =>
    rows.some((found) => found.table_name === table && found.column_name === field);
  const { contributions } = await readReportSql(definition);
  const { text } = render(contributions!({ as_of_day: raw(''), entities: raw('') }));
  const words = new Set(text.split(/\W+/));
  return {
    ofEntities: rows.flatMap(({ table_name, column_name }) =>
      table_name === entityTable && column_name !== null && words.has(column_name) ? [column_name] : [],
    ),
    ofSummed: summed !== undefined && has(summed.table, summed.value),
    ofLinks: summed !== undefined && has(summed.links.table, summed.links.entity),
  };
}

/**
 * A join that gives the unusable values of the record that changed a contribution: `unusable.list`, the text of a JSON list. The
 * other values of the parameters are as in `sql/unusable-values.sql`.
 */
export function unusableValuesJoin(
  { contributions }: ReportDefinition,
  { ofEntities }: UnusableFields,
  record: {
    readonly isReason: SqlText;
    readonly fileId: SqlText;
    readonly recordNumber: SqlText;
    readonly unchanged: readonly SqlText[];
  },
): SqlText {
  const query = unusableValuesQuery({
    is_reason: record.isReason,
    file_id: record.fileId,
    record_number: record.recordNumber,
    table_name: literal(contributions!.entityTable),
    fields: ofEntities,
    reasons: unusableValueReasons,
    unchanged: joined([sql`null`, ...record.unchanged], ', '),
  });
  return sql`left join lateral (\n${query}\n) as unusable on true`;
}
