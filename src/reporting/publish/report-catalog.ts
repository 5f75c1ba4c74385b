import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { runSql, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import type { DifferenceCounts } from '../publications/types.js';

/** Updates `report_catalog` to the definitions and the publication. Removes reports that are no longer defined. */
export async function updateCatalog(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  publication: number,
  rowCounts: Readonly<Record<string, number>>,
  changes: Readonly<Record<string, DifferenceCounts>>,
): Promise<void> {
  const entries = definitions.map(({ name, description, grain, key, questions }) => ({
    report: name,
    description,
    grain,
    key_columns: key,
    questions,
    row_count: rowCounts[name],
    is_changed: Object.values(changes[name]!).some((count) => count > 0),
  }));
  const rows = await ledger(client);
  await rows.reportCatalog.deleteMany({ where: { report: { notIn: entries.map(({ report }) => report) } } });
  const changed = entries.filter((entry) => entry.is_changed).map((entry) => entry.report);
  await runSql(
    client,
    sql`/* reporting.update_catalog */
      insert into reporting.report_catalog as catalog
        (report, description, grain, key_columns, questions, row_count, publication, changed_date)
      select report, description, grain, key_columns, questions, row_count, ${publication}, clock_timestamp()
      from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) as entry (
        report text, description text, grain text, key_columns text[], questions text[], row_count integer
      )
      on conflict (report) do update
      set description = excluded.description, grain = excluded.grain, key_columns = excluded.key_columns,
        questions = excluded.questions, row_count = excluded.row_count, publication = excluded.publication,
        changed_date =
          case when excluded.report = any(${changed}) then excluded.changed_date else catalog.changed_date end`,
  );
}
