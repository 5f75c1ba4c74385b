import type pg from 'pg';
import type { Film, FilmWorld } from '../oracle/films.js';

/** A file of a period, loaded and cleaned, to hang warehouse rows on; gives its id. */
export async function addFile(pool: pg.Pool, period: string, name = 'movies_metadata.csv'): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `insert into source.file (name, feed, period, sha256, size_bytes, state)
     values ($1, split_part($1, '.', 1), $2, encode(sha256((random()::text || $1)::bytea), 'hex'), 1, 'loaded')
     returning id`,
    [name, period],
  );
  const { id } = rows[0]!;
  await pool.query(
    `insert into support.mapping_version (number, author, note, content_hash) values (1, 'test', '', 'test')
     on conflict do nothing`,
  );
  await pool.query(
    `insert into support.file_transform (file_id, table_name, mapping_version) values ($1, 'movies', 1)`,
    [id],
  );
  return id;
}

/** Puts a world into the live rows of an empty warehouse, as cleaning one drop would leave them. */
export async function fillWarehouse(pool: pg.Pool, world: FilmWorld): Promise<void> {
  const period = world.asOfDay.slice(0, 7);
  const file = await addFile(pool, period);
  const from = `${period}-01`;
  await insert(pool, 'movies', [...world.films.values()].map(movieRow), { file_id: file, valid_from: from });
  const linked = { file_id: file, record_number: 1, valid_from: from };
  await insert(pool, 'production_companies', named(world.companies), linked);
  await insert(pool, 'genres', named(world.genres), linked);
  await insert(
    pool,
    'movie_production_companies',
    pairs(world.filmCompanies, 'production_company_id'),
    linked,
  );
  await insert(pool, 'movie_genres', pairs(world.filmGenres, 'genre_id'), linked);
  const links = [...world.links].map(([movielens_id, movie_id]) => ({ movielens_id, movie_id }));
  await insert(pool, 'movie_links', links, linked);
  const ratings = [...world.ratings].map(([key, { movielensId, rating }]) => ({
    rater_id: raterId(key),
    movielens_id: movielensId,
    rating: rating?.toString() ?? null,
  }));
  await insert(pool, 'movie_ratings', ratings, linked);
}

/** Adds rows to a warehouse table; `constants` go into each. */
export async function insert(
  pool: pg.Pool,
  table: string,
  rows: readonly Record<string, unknown>[],
  constants: Record<string, unknown> = {},
): Promise<void> {
  if (rows.length === 0) return;
  const whole = rows.map((row) => ({ ...constants, ...row }));
  const columns = Object.keys(whole[0]!).join(', ');
  await pool.query(
    `insert into warehouse.${table} (${columns})
     select ${columns} from jsonb_populate_recordset(null::warehouse.${table}, $1)`,
    [JSON.stringify(whole)],
  );
}

function movieRow(film: Film): Record<string, unknown> {
  return {
    movie_id: film.id,
    title: film.title,
    budget: film.budget?.toString() ?? null,
    revenue: film.revenue?.toString() ?? null,
    popularity: film.popularity?.toString() ?? null,
    release_date: film.releaseDate,
    status: film.status === '' ? null : film.status,
    vote_average: film.voteAverage?.toString() ?? null,
    vote_count: film.voteCount,
    record_number: film.sourceRecord,
  };
}

function named(names: Map<number, string | null>): Record<string, unknown>[] {
  return [...names].map(([id, name]) => ({ id, name }));
}

function pairs(sets: Map<number, Set<number>>, column: string): Record<string, unknown>[] {
  return [...sets].flatMap(([movie_id, members]) => [...members].map((id) => ({ movie_id, [column]: id })));
}

/** Some number that differs where the rater does. */
function raterId(key: string): number {
  return Number(key.split(' ')[0]);
}
