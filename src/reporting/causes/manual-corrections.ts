import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ReportDefinition } from '../definition/definition.js';

const correctionsQuery = sqlFile(new URL('sql/manual-corrections.sql', import.meta.url));

/** The ids of the retirements by which two builds differ. */
export interface ManualCorrections {
  readonly retired: readonly number[];
  readonly restored: readonly number[];
}

/** A warehouse row that was retired or restored manually; its key field by field, as text. */
export interface RetirementCause {
  readonly kind: 'retired' | 'restored';
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  readonly by: string;
  readonly reason: string;
}

/**
 * The retirements that came into force and those that were undone. What counts is what the builds reflect, not when they were
 * published: after a rollback, the next build retires the same rows again.
 */
export function correctionsBetween(before: readonly number[], now: readonly number[]): ManualCorrections {
  return {
    retired: now.filter((id) => !before.includes(id)),
    restored: before.filter((id) => !now.includes(id)),
  };
}

/** The corrections as report-wide causes, for reports that cannot name the rows they affected. */
export async function retirementCauses(
  client: ClientBase,
  corrections: ManualCorrections,
): Promise<RetirementCause[]> {
  const { rows } = await runSql<RetirementCause>(
    client,
    sql`/* reporting.list_retirement_causes */
      select case when restored then 'restored' else 'retired' end as kind, table_name as "table", row_key as key,
        actor as by, reason
      from (\n${correctionsQuery({ ...corrections })}\n) as correction
      order by id`,
  );
  return rows;
}

/**
 * Relations for the head of a query: `correction`, the rows that were retired or restored, and `side_effect`, which has by `id` of a
 * correction the entities whose contributions it may have changed without being one of their sources.
 */
export async function correctionRelations(
  { contributions }: ReportDefinition,
  corrections: ManualCorrections,
): Promise<SqlText> {
  const file = contributions?.sideEffects;
  const sideEffects =
    file === undefined
      ? 'select null::bigint as id, null::integer as entity where false'
      : await readFile(file, 'utf8');
  return sql`correction as materialized (\n${correctionsQuery({ ...corrections })}\n),
    side_effect as materialized (\n${raw(sideEffects)}\n)`;
}
