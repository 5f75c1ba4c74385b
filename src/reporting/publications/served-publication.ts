import type { Pool } from 'pg';

/** The publication readers see, as `marquee status` shows it. */
export interface ServedPublication {
  readonly number: number;
  readonly publishedDate: Date;
  /** YYYY-MM-DD */
  readonly asOfDay: string;
  readonly period: string;
  readonly mappingVersion: number;
  /** For a rollback, the publication whose state it shows again. */
  readonly restores: number | null;
  readonly checkState: string;
  /** Rows per report. */
  readonly rowCounts: Readonly<Record<string, number>>;
}

/** The newest publication; null before the first. */
export async function servedPublication(pool: Pool): Promise<ServedPublication | null> {
  const { rows } = await pool.query<ServedPublication>(
    `/* reporting.read_served_publication */
     select number, published_date as "publishedDate", as_of_day::text as "asOfDay", period,
       mapping_version as "mappingVersion", restores, check_state as "checkState", row_counts as "rowCounts"
     from reporting.publication order by number desc limit 1`,
  );
  return rows[0] ?? null;
}

/** Rows per report in one publication. */
export async function publishedRowCounts(
  pool: Pool,
  publication: number,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<Pick<ServedPublication, 'rowCounts'>>(
    '/* reporting.read_row_counts */ select row_counts as "rowCounts" from reporting.publication where number = $1',
    [publication],
  );
  return rows[0]?.rowCounts ?? {};
}
