import pg from 'pg';
import type { ReportColumnType, ReportDescription } from '../../src/api/contract/report-description.js';
import { createDatabase } from '../database-fixture.js';

/** A separate migrated database for one test file, with a few rows in the reports. */
export interface ScratchReports {
  /** Connects as the owner. */
  readonly owner: pg.Pool;
  /** Connects as the role that the API uses. */
  readonly reader: pg.Pool;
  readonly readerUrl: string;
  /** Like `reader`, with other session settings. */
  readerWith(options: string): pg.Pool;
  /** The reports, described by their tables. */
  readonly reports: readonly ReportDescription[];
  drop(): Promise<void>;
}

export async function createScratchReports(): Promise<ScratchReports> {
  const database = await createDatabase();
  const { owner, reader } = database.pools;
  const others: pg.Pool[] = [];
  await owner.query(ROWS);
  return {
    owner,
    reader,
    readerUrl: database.urls.reader,
    readerWith(options) {
      const pool = new pg.Pool({ connectionString: database.urls.reader, options });
      others.push(pool);
      return pool;
    },
    reports: await describeTables(owner),
    async drop() {
      await Promise.all(others.map((pool) => pool.end()));
      await database.drop();
    },
  };
}

/** 120 company years with ties and nulls, and three scored films, one of them with mostly nulls. */
const ROWS = `
  insert into reporting.production_company_report
    (production_company_id, production_company_name, year, budget, revenue, profit, release_count,
     average_popularity, budget_movie_count, revenue_movie_count, profit_movie_count)
  select company, case when company = 7 then null else 'Company ' || chr(64 + company) end, 1990 + year,
    nullif(company * year, 0) * 1000000, case when (company + year) % 3 > 0 then year * 2500000.5 end,
    case when (company + year) % 4 > 0 then (year - company) * 1000000 end, year % 5, company + year / 7.0, 1, 1, 1
  from generate_series(1, 12) company, generate_series(0, 9) year;
  insert into reporting.production_company_report
    (production_company_id, production_company_name, year, revenue, release_count, budget_movie_count,
     revenue_movie_count, profit_movie_count)
  values (99, '100%_Äpfel\\', 2001, 12345678901234567890.125, 1, 0, 1, 0);
  insert into reporting.movie_score_report
    (movie_id, movie_name, reported_vote_average, reported_vote_count, calculated_vote_count, movie_score,
     budget, release_date, source_file, source_record)
  values (1, 'First', 7.50, 10, 0, 7.1234, 30000000, '1995-10-30', 'movies_metadata.csv', 1),
    (2, 'Second', 6.50, 4, 0, 6.9999, null, '1896-01-01', 'movies_metadata.csv', 2),
    (3, null, null, 0, 0, null, null, null, 'movies_metadata.csv', 3);
`;

const COLUMN_TYPES: Record<string, ReportColumnType> = {
  int4: 'int',
  int8: 'bigint',
  numeric: 'numeric',
  text: 'text',
  date: 'date',
  timestamptz: 'timestamp',
  bool: 'boolean',
};

/** Describes the reports from the system catalog. */
export async function describeTables(pool: pg.Pool): Promise<ReportDescription[]> {
  const { rows } = await pool.query<{ table: string; key: string[]; columns: [string, string, boolean][] }>(`
    select c.relname as table,
      (select jsonb_agg(a.attname order by k.place)
       from pg_index i, unnest(i.indkey) with ordinality k (number, place)
       join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
       where i.indrelid = c.oid and i.indisprimary) as key,
      (select jsonb_agg(jsonb_build_array(a.attname, t.typname, not a.attnotnull) order by a.attnum)
       from pg_attribute a join pg_type t on t.oid = a.atttypid
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c
    where c.relnamespace = 'reporting'::regnamespace and c.relkind = 'r' and c.relname like '%\\_report'
    order by 1`);
  return rows.map(({ table, key, columns }) => ({
    name: table,
    key,
    columns: columns.map(([name, type, nullable]) => ({ name, type: COLUMN_TYPES[type]!, nullable })),
  }));
}
