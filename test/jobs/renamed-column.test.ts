import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { movies } from '../../src/dataset/movies.js';
import { mappingFromCsv, mappingToCsv } from '../../src/warehouse/mapping/mapping-csv.js';
import { currentMapping, installMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { usePipeline } from './pipeline.js';

const columns = movies.feeds.find((feed) => feed.name === 'movies_metadata')!.columns;

describe('a column that the vendor renames', () => {
  const pipeline = usePipeline();
  const pool = () => pipeline.database.pools.pipeline;

  /** A drop of one film, its number under the vendor's name for it. */
  async function ingest(period: string, idColumn: string, title: string) {
    const drop = join(pipeline.folder, period);
    await mkdir(drop, { recursive: true });
    const header = columns.map((column) => (column === 'id' ? idColumn : column));
    const cells = columns.map((column) =>
      column === 'id'
        ? '862'
        : column === 'title'
          ? title
          : column === 'genres'
            ? `"[{'id': 16, 'name': 'Animation'}]"`
            : '',
    );
    await writeFile(join(drop, 'movies_metadata.csv'), `${header.join(',')}\n${cells.join(',')}\n`);
    const { runs } = pipeline.worker;
    return pipeline.ended(await runs.start(dropFlow, { folder: drop, period }, { requestedBy: 'test' }));
  }

  it('is refused by name, and needs one changed cell of the mapping', { timeout: 120_000 }, async () => {
    expect(await ingest('2017-08', 'id', 'Toy Story')).toMatchObject({ state: 'succeeded' });
    const refused = await ingest('2017-09', 'tmdb_id', 'Toy Story (1995)');
    expect(refused).toMatchObject({ state: 'failed', errorCode: 'header_missing_column' });
    // No name in the file is near enough to be suggested.
    expect(refused.error).toMatch(/lacks the column “id”\. Nothing was loaded/);

    const csv = await mappingToCsv((await currentMapping(pool()))!.rows);
    const changed = csv.replace(
      'movies,movie_id,integer,version,source,src_movies_metadata,id,',
      'movies,movie_id,integer,version,source,src_movies_metadata,tmdb_id,',
    );
    expect(changed).not.toBe(csv);
    const rows = await mappingFromCsv(changed);
    await installMapping(pool(), rows, { author: 'test', note: 'the vendor calls it tmdb_id' });
    expect(await ingest('2017-09', 'tmdb_id', 'Toy Story (1995)')).toMatchObject({ state: 'succeeded' });

    const titles = await pool().query(
      'select title, valid_from::text, deleted from warehouse.movies order by valid_from',
    );
    expect(titles.rows).toEqual([
      { title: 'Toy Story', valid_from: '2017-08-01', deleted: true },
      { title: 'Toy Story (1995)', valid_from: '2017-09-01', deleted: false },
    ]);
    const links = await pool().query('select movie_id, genre_id from warehouse.movie_genres');
    expect(links.rows).toEqual([{ movie_id: 862, genre_id: 16 }]);
    expect((await pool().query('select from source.reject')).rowCount).toBe(0);

    const verify = await pipeline.worker.runs.start(verifyWarehouseFlow, {}, { requestedBy: 'test' });
    expect(await pipeline.ended(verify)).toMatchObject({
      state: 'succeeded',
      counts: { differences: 0 },
    });
  });

  it('is reported as missing when no file has the column that the mapping reads, and no value replaces it', async () => {
    const { rows } = (await currentMapping(pool()))!;
    const mistyped = rows.map((row) =>
      row.end_table === 'genres' && row.end_field === 'name' ? { ...row, source_field: 'geners.name' } : row,
    );
    await expect(installMapping(pool(), mistyped, { author: 'test', note: '' })).rejects.toMatchObject({
      code: 'mapping_invalid',
    });
  });
});
