import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { runSql, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { listOf } from '../sql/row-sql.js';
import {
  amountCauseTable,
  buildTable,
  contributionBuildTable,
  contributionChangeTable,
  differenceTable,
  entityTable,
  markTable,
  scopeTable,
} from '../sql/table-names.js';

/** Drops the build of a report, if it has one, with everything that belongs to it. */
export async function dropBuild(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const { name } = definition;
  const tables = [buildTable, contributionBuildTable, entityTable, scopeTable, markTable].map((table) =>
    table(name),
  );
  await runSql(client, sql`/* reporting.drop_build */ drop table if exists ${listOf(tables)}`);
  await dropComparison(client, definition);
  const rows = await ledger(client);
  await rows.reportBuild.deleteMany({ where: { report: name } });
}

/** Drops the differences between a build and the published rows. */
export async function dropComparison(client: ClientBase, { name }: ReportDefinition): Promise<void> {
  const tables = [differenceTable, contributionChangeTable, amountCauseTable].map((table) => table(name));
  await runSql(client, sql`/* reporting.drop_comparison */ drop table if exists ${listOf(tables)}`);
}
