import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';

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
export async function servedPublication(database: Queryable): Promise<ServedPublication | null> {
  const rows = await ledger(database);
  const newest = await rows.publication.findFirst({ orderBy: { number: 'desc' } });
  return (
    newest && {
      number: newest.number,
      publishedDate: newest.published_date,
      asOfDay: newest.as_of_day.toISOString().slice(0, 10),
      period: newest.period,
      mappingVersion: newest.mapping_version,
      restores: newest.restores,
      checkState: newest.check_state,
      rowCounts: newest.row_counts as Record<string, number>,
    }
  );
}

/** Rows per report in one publication. */
export async function publishedRowCounts(
  database: Queryable,
  publication: number,
): Promise<Readonly<Record<string, number>>> {
  const rows = await ledger(database);
  const found = await rows.publication.findUnique({ where: { number: publication } });
  return (found?.row_counts ?? {}) as Record<string, number>;
}
