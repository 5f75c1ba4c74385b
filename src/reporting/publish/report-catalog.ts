import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import type { DifferenceCounts } from '../publications/types.js';

/** Brings `report_catalog` to the definitions and the publication. A report that is defined no more leaves it. */
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
    changed: Object.values(changes[name]!).some((count) => count > 0),
  }));
  await client.query(
    '/* reporting.shrink_catalog */ delete from reporting.report_catalog where report <> all($1)',
    [entries.map((entry) => entry.report)],
  );
  await client.query(
    `/* reporting.update_catalog */
     insert into reporting.report_catalog as catalog
       (report, description, grain, key_columns, questions, row_count, publication, changed_date)
     select report, description, grain, key_columns, questions, row_count, $2, clock_timestamp()
     from jsonb_to_recordset($1::jsonb) as entry (
       report text, description text, grain text, key_columns text[], questions text[], row_count integer
     )
     on conflict (report) do update
     set description = excluded.description, grain = excluded.grain, key_columns = excluded.key_columns,
       questions = excluded.questions, row_count = excluded.row_count, publication = excluded.publication,
       changed_date =
         case when excluded.report = any($3) then excluded.changed_date else catalog.changed_date end`,
    [
      JSON.stringify(entries),
      publication,
      entries.filter((entry) => entry.changed).map((entry) => entry.report),
    ],
  );
}
