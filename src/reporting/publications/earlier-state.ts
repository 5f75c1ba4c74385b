import type { Queryable } from '../../database/queryable.js';
import { runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { columnList, columnOf, sameKey } from '../sql/row-sql.js';
import { servedTable } from '../sql/table-names.js';

const rowsAtQuery = sqlFile(new URL('sql/rows-at.sql', import.meta.url));

/** A publication whose rows can still be read. */
export interface EarlierPublication {
  readonly number: number;
  /** The current publication. */
  readonly latest: number;
}

/**
 * Makes sure that reports can be read as they were at a publication.
 * @throws Fault `nothing_published`; `publication_unknown`; `publication_not_retained` when later changes were deleted, with the
 *   earliest publication that can be read; `report_not_published_then`
 */
export async function earlierPublication(
  client: Queryable,
  definitions: readonly ReportDefinition[],
  number: number,
): Promise<EarlierPublication> {
  const names = definitions.map(({ name }) => name);
  const { rows } = await runSql<{ latest: number | null; known: boolean; newReport: string | null }>(
    client,
    sql`/* reporting.find_earlier_publication */
      select
        (select max(number) from reporting.publication) as latest,
        exists (select from reporting.publication where number = ${number}) as known,
        (
          select max(report) from reporting.report_change
          where publication > ${number} and report = any(${names}) and row_key = '{}'
        ) as "newReport"`,
  );
  const { latest, known, newReport } = rows[0]!;
  if (latest === null) {
    throw new Fault('nothing_published', 'Nothing is published yet: ingest a drop first.');
  }
  if (!known) throw unknownPublication(number, latest);
  await requireRetained(client, definitions, number);
  if (newReport !== null) {
    throw new Fault(
      'report_not_published_then',
      `${newReport} was first published after publication ${number}. Name a later publication.`,
    );
  }
  return { number, latest };
}

export function unknownPublication(number: number, latest: number): Fault {
  return new Fault(
    'publication_unknown',
    `Publication ${number} does not exist; the newest is ${latest}. List them with marquee publications.`,
  );
}

/**
 * Makes sure that all changes since a publication are kept.
 * @throws Fault `publication_not_retained` with the earliest publication for which they are
 */
export async function requireRetained(
  client: Queryable,
  definitions: readonly ReportDefinition[],
  number: number,
): Promise<void> {
  const names = definitions.map(({ name }) => name);
  const { rows } = await runSql<{ earliest: number | null }>(
    client,
    sql`/* reporting.find_earliest_retained */
      -- A publication that changed rows but has no changes left was deleted from the history: nothing before it can be read.
      select max(later.number) as earliest
      from reporting.publication as later
      cross join jsonb_each(later.changes) as changed (report, counts)
      where later.number > ${number}
        and changed.report = any(${names})
        and exists (select from jsonb_each_text(changed.counts) as count (name, rows) where count.rows::bigint > 0)
        and not exists (
          select from reporting.report_change as change
          where change.publication = later.number and change.report = changed.report
        )`,
  );
  const { earliest } = rows[0]!;
  if (earliest !== null) {
    throw new Fault(
      'publication_not_retained',
      `The changes since publication ${number} are no longer kept. The earliest publication that can be read is ${earliest}. RETAINED_PUBLICATIONS sets how many are kept.`,
    );
  }
}

/** Selects a report's rows as they were at a publication, see `sql/rows-at.sql`. */
export function rowsAt(definition: ReportDefinition, publication: number): SqlText {
  const { name, key } = definition;
  const columns = definition.columns.map((column) => column.name);
  return rowsAtQuery({
    report: name,
    publication,
    served: servedTable(name),
    key_columns: columnList(key, 'key'),
    served_columns: columnList(columns, 'served'),
    earlier_columns: columnList(columns, 'earlier'),
    same_key: sameKey(definition, 'served', 'changed'),
    is_served: sql`${columnOf(key[0]!, 'served')} is not null`,
  });
}
