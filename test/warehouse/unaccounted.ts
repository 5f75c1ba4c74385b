import type { Pool } from 'pg';
import { day, wholeNumber } from '../oracle/field-values.js';
import { type FileAccount, linksIn } from '../oracle/file-accounts.js';
import { valid } from '../oracle/read-drops.js';

/** A row of the warehouse that keeps what a record of its own says. */
interface Row {
  readonly key: string;
  readonly said: string | null;
  readonly file_id: number;
  readonly record_number: number;
  readonly valid_from: string;
  readonly valid_to: string | null;
}

type KeyedRecord = FileAccount['keyed'][number];

/** The tables that hold a row per record: how their rows are read, and one thing that a record says, as read of the file. */
const tables: Record<string, { table: string; rows: string; says(record: KeyedRecord): string | null }> = {
  'movies_metadata.csv': {
    table: 'movies',
    rows: `select movie_id::text as key, concat_ws(' of ', coalesce(title, ''), release_date::text) as said`,
    says: ({ values }) =>
      [values.title ?? '', day(values.release_date)].filter((x) => x !== null).join(' of '),
  },
  'links.csv': {
    table: 'movie_links',
    rows: 'select movielens_id::text as key, movie_id::text as said',
    says: ({ values }) => wholeNumber(values.tmdbId)?.toString() ?? null,
  },
  'ratings.csv': {
    table: 'movie_ratings',
    // Who rated is hashed: a row of the same hash tells by its own record.
    rows: `select (
        select btrim("userId") from source.src_ratings as sent
        join warehouse.movie_ratings as same on same.file_id = sent.file_id and same.record_number = sent.record_number
        where same.rater_id = t.rater_id limit 1
      ) || ' ' || movielens_id as key, trim_scale(rating)::text as said`,
    says: ({ values }) => valid(values, 'rating')?.toString() ?? null,
  },
};

/** Nested columns, and the tables of links that they fill. */
const links: Record<string, [fileName: string, column: string, rows: string]> = {
  movie_genres: ['movies_metadata.csv', 'genres', 'genre_id'],
  movie_production_companies: ['movies_metadata.csv', 'production_companies', 'production_company_id'],
  movie_collections: ['movies_metadata.csv', 'belongs_to_collection', 'collection_id'],
  movie_keywords: ['keywords.csv', 'keywords', 'keyword_id'],
};

/**
 * What of the files has not become what it had to, each as a sentence: records that are neither rejected nor known, rows
 * and rejects that no record explains, counts that do not add up.
 * @param accounts of all files that were taken, in the order in which they count
 */
export async function unaccounted(pool: Pool, accounts: readonly FileAccount[]): Promise<string[]> {
  const { rows: files } = await pool.query<{ id: number }>('select id from source.file order by period, id');
  // Within a month the feeds' files come side by side: each has its own account by its name.
  const ids = await fileIds(pool, accounts);
  const found = files.length === accounts.length ? [] : [`${files.length} files for ${accounts.length}`];
  for (const [place, account] of accounts.entries())
    found.push(...(await ofFile(pool, account, ids[place]!)));
  for (const [table, [fileName, column, other]] of Object.entries(links)) {
    const { rows } = await pool.query<{ link: string }>(
      `select movie_id || ' ' || ${other} as link from warehouse.${table} where not deleted`,
    );
    const kept = rows.map(({ link }) => link).sort();
    const told = linksIn(accounts, fileName, column);
    if (kept.join() !== told.join()) found.push(`${table} has ${kept.join()}, told was ${told.join()}`);
  }
  return found;
}

async function fileIds(pool: Pool, accounts: readonly FileAccount[]): Promise<number[]> {
  const { rows } = await pool.query<{ id: number; name: string; period: string }>(
    'select id, name, period from source.file order by id',
  );
  return accounts.map((account) => {
    const place = rows.findIndex(
      ({ name, period }) => name === account.fileName && period === account.period,
    );
    return rows.splice(place, 1)[0]?.id ?? 0;
  });
}

async function ofFile(pool: Pool, account: FileAccount, id: number): Promise<string[]> {
  const { fileName, broken, keyless, keyed } = account;
  const found: string[] = [];
  const expect = (what: string, actual: unknown, wanted: unknown) => {
    const [is, should] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (is !== should) found.push(`${fileName} of ${account.period}: ${what} ${is}, expected ${should}`);
  };
  const loaded = keyless.length + keyed.length;
  const { rows: counts } = await pool.query(
    `select record_count as read, reject_count as rejected,
       (select count(*)::int from source.src_${fileName.slice(0, -4)} where file_id = file.id) as loaded
     from source.file where id = $1`,
    [id],
  );
  expect('counts', counts[0], { read: broken.length + loaded, rejected: broken.length, loaded });
  const { rows: rejects } = await pool.query<{ number: number; late: boolean }>(
    `select record_number as number, reason = 'key_not_usable' as late from source.reject where file_id = $1 order by 1`,
    [id],
  );
  const numbers = (late: boolean) =>
    rejects.filter((reject) => reject.late === late).map(({ number }) => number);
  expect('rejects of the load', numbers(false), broken);
  expect('rejects of cleaning', numbers(true), keyless);

  const own = tables[fileName];
  if (own === undefined) return found;
  const { rows: transforms } = await pool.query(
    `select record_count as records, reject_count as rejected, inserted_count + unchanged_count as kept
     from support.file_transform where file_id = $1 and table_name = $2`,
    [id, own.table],
  );
  expect('of cleaning', transforms, [{ records: loaded, rejected: keyless.length, kept: keyed.length }]);
  const { rows } = await pool.query<Row>(
    `${own.rows}, file_id, record_number, valid_from::text, valid_to::text from warehouse.${own.table} as t
     where record_number is not null`,
  );
  const last = new Map(keyed.map((record) => [record.key, record]));
  const month = `${account.period}-01`;
  for (const record of last.values()) {
    const knows = ({ key, said, valid_from: from, valid_to: to }: Row) =>
      key === record.key && said === own.says(record) && from <= month && (to === null || to >= month);
    if (!rows.some(knows)) expect(`record ${record.number} is`, 'in no row', record.key);
  }
  for (const row of rows.filter(({ file_id: file }) => file === id)) {
    expect('a row of record', row.record_number, last.get(row.key)?.number);
  }
  return found;
}
