import type { Pool } from 'pg';

/** What issues are looked for. */
export interface IssueFilter {
  /** The table it was found in or meant for, as the issue names it. */
  readonly table?: string | undefined;
  readonly reason?: string | undefined;
  /** Issues with a greater id only: the last id of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One row of `support.issue`, with the file it was found in; none for a warning about a delivery. */
export interface IssueRow {
  readonly id: string;
  readonly file_id: number | null;
  readonly file_name: string | null;
  readonly period: string | null;
  readonly record_number: number | null;
  readonly table_name: string | null;
  readonly column_name: string | null;
  /** As sent; personal data is hashed or left out. */
  readonly value: string | null;
  readonly reason: string;
  readonly detail: string;
  readonly created_date: Date;
}

/** Issues in the order they were found, page by page. */
export async function listIssues(pool: Pool, filter: IssueFilter): Promise<IssueRow[]> {
  const { rows } = await pool.query<IssueRow>(
    `/* warehouse.list_issues */
     select i.id, i.file_id, f.name as file_name, f.period, i.record_number, i.table_name, i.column_name, i.value,
       i.reason, i.detail, i.created_date
     from support.issue i
     left join source.file f on f.id = i.file_id
     where ($1::text is null or i.table_name = $1)
       and ($2::text is null or i.reason = $2)
       and ($3::bigint is null or i.id > $3)
     order by i.id
     limit $4`,
    [filter.table ?? null, filter.reason ?? null, filter.after ?? null, filter.limit],
  );
  return rows;
}

/** How many issues of each kind a table has, the most frequent first. */
export async function countIssues(pool: Pool): Promise<{ table: string; reason: string; issues: number }[]> {
  const { rows } = await pool.query<{ table: string; reason: string; issues: number }>(
    `/* warehouse.count_issues */
     select table_name as table, reason, count(*)::integer as issues
     from support.issue
     group by table_name, reason
     order by issues desc, table_name, reason`,
  );
  return rows;
}
