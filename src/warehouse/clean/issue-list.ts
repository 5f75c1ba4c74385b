import type { Pool } from 'pg';
import { ledger } from '../../database/prisma-client.js';

/** Which issues to list. */
export interface IssueFilter {
  /** The table where it was found or for which the value was meant, as the issue names it. */
  readonly table?: string | undefined;
  readonly reason?: string | undefined;
  /** Only issues with a greater id: the last id of the previous page. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One row of `support.issue`, with the file it was found in; a warning about a delivery has no file. */
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

/** Issues in the order in which they were found, page by page. */
export async function listIssues(pool: Pool, filter: IssueFilter): Promise<IssueRow[]> {
  const { table, reason, after, limit } = filter;
  const { file, issue } = await ledger(pool);
  const issues = await issue.findMany({
    where: { table_name: table, reason, id: after === undefined ? undefined : { gt: BigInt(after) } },
    orderBy: { id: 'asc' },
    take: limit,
  });
  const fileIds = new Set(issues.flatMap(({ file_id }) => file_id ?? []));
  const files = await file.findMany({
    select: { id: true, name: true, period: true },
    where: { id: { in: [...fileIds] } },
  });
  const fileOf = new Map(files.map((row) => [row.id, row]));
  return issues.map(({ id, file_id, ...row }) => {
    const found = file_id === null ? undefined : fileOf.get(file_id);
    const { record_number, table_name, column_name, value, detail, created_date } = row;
    return {
      id: String(id),
      file_id,
      file_name: found?.name ?? null,
      period: found?.period ?? null,
      record_number,
      table_name,
      column_name,
      value,
      reason: row.reason,
      detail,
      created_date,
    };
  });
}

/** The number of issues of one kind in one column. */
export interface IssueCount {
  readonly table: string;
  readonly column: string | null;
  readonly reason: string;
  readonly issues: number;
}

/** The number of issues of each kind in each column, the most frequent first; of all files, or of the given ones. */
export async function countIssues(pool: Pool, fileIds?: readonly number[]): Promise<IssueCount[]> {
  const { issue } = await ledger(pool);
  const counts = await issue.groupBy({
    by: ['table_name', 'column_name', 'reason'],
    where: fileIds === undefined ? {} : { file_id: { in: [...fileIds] } },
    _count: { id: true },
    orderBy: [{ _count: { id: 'desc' } }, { table_name: 'asc' }, { column_name: 'asc' }, { reason: 'asc' }],
  });
  return counts.map(({ table_name, column_name, reason, _count }) => ({
    table: table_name!,
    column: column_name,
    reason,
    issues: _count.id,
  }));
}
