import { ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import type { ReportDescription } from '../contract/report-description.js';
import { badInput } from '../errors/api-error.js';
import type { ReadSession } from '../sql/read-session.js';

/** The publication that a response reflects, as stated in the response. */
export interface PublicationMark {
  readonly number: number;
  /** In the text format of Postgres. */
  readonly publishedDate: string;
  /** YYYY-MM-DD */
  readonly asOfDay: string;
  readonly checkState: string;
}

const MARK = raw(
  `number, published_date as "publishedDate", as_of_day as "asOfDay", check_state as "checkState"`,
);

/** The newest publication in the session's snapshot; undefined before the first. */
export async function currentPublication(session: ReadSession): Promise<PublicationMark | undefined> {
  const [row] = await session.rows<PublicationMark & Record<string, unknown>>(
    'current publication',
    sql`select ${MARK} from reporting.publication order by number desc limit 1`,
  );
  return row;
}

/**
 * Finds the earlier publication to read.
 * @throws a BAD_USER_INPUT error when it does not exist, or when not all changes since then are retained.
 */
export async function earlierPublication(session: ReadSession, asOf: number): Promise<PublicationMark> {
  const [row] = await session.rows<PublicationMark & { missing: number | null }>(
    'earlier publication',
    // Retention removes the changes of earlier publications, and nothing before such a publication can be
    // reconstructed. It shows as a publication that counts changed rows but has no change left.
    sql`select ${MARK}, (
        select max(later.number)
        from reporting.publication as later, jsonb_each(later.changes) as changed (report, counts)
        where later.number > ${asOf}::int4
          and exists (select from jsonb_each_text(changed.counts) as count (name, rows) where count.rows::int8 > 0)
          and not exists (
            select from reporting.report_change as change
            where change.publication = later.number and change.report = changed.report
          )
      ) as missing
      from reporting.publication where number = ${asOf}::int4`,
  );
  if (!row)
    throw badInput(`asOf is ${asOf}, but there is no such publication. Query publications to list them.`);
  if (row.missing !== null) {
    throw badInput(
      `asOf is ${asOf}, but the changes since then are no longer retained. The earliest publication that can be read is ${row.missing}.`,
    );
  }
  const { number, publishedDate, asOfDay, checkState } = row;
  return { number, publishedDate, asOfDay, checkState };
}

/**
 * A report's rows as of an earlier publication: the current rows with every later change undone. Rows without changes
 * are read directly. For a changed row, the first change after the publication holds the value it had then.
 */
export function asOfRelation(report: ReportDescription, asOf: number): SqlText {
  const table = ident('reporting', report.name);
  const key = (alias: string) =>
    joined(
      report.key.map((name) => ident(alias, name)),
      ', ',
    );
  const columns = (alias: string) =>
    joined(
      report.columns.map(({ name }) => ident(alias, name)),
      ', ',
    );
  return sql`(
    with change as materialized (
      select row_key, change, column_name, old_value, id from reporting.report_change
      where report = ${report.name} and publication > ${asOf}::int4
    ), whole as (
      select distinct on (row_key) row_key, change, old_value, id from change
      where change <> 'update' order by row_key, id
    ), cell as (
      select row_key, jsonb_object_agg(column_name, old_value) as old_values
      from (
        select distinct on (change.row_key, change.column_name)
          change.row_key, change.column_name, change.old_value
        from change left join whole on whole.row_key = change.row_key
        where change.change = 'update' and (whole.id is null or change.id < whole.id)
        order by change.row_key, change.column_name, change.id
      ) as first_change
      group by row_key
    ), touched as (
      select ${key('key_row')}, changed.row_key
      from (select distinct row_key from change) as changed,
        jsonb_populate_record(null::${table}, changed.row_key) as key_row
    )
    select ${columns('present')} from ${table} as present
    where not exists (select from touched where (${key('touched')}) = (${key('present')}))
      and not exists (select from change where row_key = '{}')
    union all
    select ${columns('earlier')}
    from touched
    left join whole on whole.row_key = touched.row_key
    left join cell on cell.row_key = touched.row_key
    left join ${table} as present on (${key('present')}) = (${key('touched')})
    cross join lateral jsonb_populate_record(
      null::${table},
      coalesce(whole.old_value::jsonb, to_jsonb(present)) || coalesce(cell.old_values, '{}')
    ) as earlier
    where (whole.change = 'delete' or (whole.id is null and present.${ident(report.key[0]!)} is not null))
      and touched.row_key <> '{}'
  ) as earlier_state`;
}
