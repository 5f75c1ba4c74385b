import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { visible } from '../../src/cli/output/terminal.js';
import { feeds } from '../../src/dataset/feeds.js';
import { explainUnclear } from '../../src/source/drop/clear-drop.js';
import { readDrop } from '../../src/source/drop/drop.js';
import { listMaskedRejects } from '../../src/warehouse/masking/masked-rejects.js';
import { useDatabase } from '../database-fixture.js';
import { takeDrop } from './drops.js';
import { emptyDatabase } from './empty-database.js';
import { exportedText, publishReports } from './publish-reports.js';

const fixture = (name: string) => fileURLToPath(new URL(`../warehouse/fixtures/${name}`, import.meta.url));

/** The fixture `base` has six films as the vendor delivers them; the others have them packed or written in another way. */
describe('files in other shapes', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const query = async (text: string) => (await pool().query(text)).rows;
  const take = (name: string, period = '2017-08') => takeDrop(pool(), fixture(name), period);
  const stored = async () => ({
    films: await query(
      `select movie_id, title, overview, budget::float, release_date::text, vote_count, status from warehouse.movies
       where not deleted order by movie_id`,
    ),
    genres: await query('select movie_id, genre_id from warehouse.movie_genres order by 1, 2'),
    files: await query("select record_count, reject_count from source.file where feed = 'movies_metadata'"),
    issues: await query('select * from support.issue'),
  });
  let vendor: Awaited<ReturnType<typeof stored>>;

  beforeEach(async () => {
    if (vendor === undefined) {
      await take('base');
      vendor = await stored();
      expect(vendor.films).toHaveLength(6);
      expect(vendor.films[0]).toMatchObject({ movie_id: 101, title: 'Amélie of the North' });
      expect(vendor).toMatchObject({ files: [{ record_count: 6, reject_count: 0 }], issues: [] });
    }
    await emptyDatabase(database.pools.owner);
  });

  it.each([
    ['zip-named-csv', 'a zip archive that is named .csv'],
    ['separator-line', 'a line sep=, before the header'],
    ['trailing-separators', 'separators at the end of every line'],
    ['blank-records', 'records of separators only at the end'],
  ])('%s: %s makes no difference', async (name) => {
    await take(name);
    expect(await stored()).toEqual(vendor);
  });

  it('a gzip file with more data after a zero byte is refused as a whole', async () => {
    await expect(take('gzip-damaged-between-members')).rejects.toMatchObject({
      code: 'file_damaged',
      message: expect.stringMatching(/movies_metadata\.csv\.gz is damaged .* Nothing was loaded/),
    });
    expect(await query("select name from source.file where feed = 'movies_metadata'")).toEqual([]);
    expect(await query('select movie_id from warehouse.movies')).toEqual([]);
  });

  it('records in Windows-1252 are rejects that are shown as text, and name the likely encoding', async () => {
    await take('windows-1252');
    const rejects = await listMaskedRejects(pool());
    expect(rejects.length).toBeGreaterThan(0);
    for (const { raw, reason, detail } of rejects) {
      expect(reason).toBe('invalid_utf8');
      expect(detail).toMatch(/Windows-1252 or Latin-1/);
      expect(raw).toMatch(/Amélie|Béton/);
    }
    const { files } = await stored();
    expect(files).toEqual([{ record_count: 6, reject_count: rejects.length }]);
  });

  it('links under the name of ratings are asked about before anything is loaded', async () => {
    const drop = await readDrop(fixture('links-named-ratings'), feeds);
    expect(drop.deliveries).toEqual([]);
    const commands = { files: 'marquee ingest drop', month: 'marquee ingest drop' };
    expect(explainUnclear(drop, { period: '2017-08', isGiven: true }, commands)).toBe(
      'Nothing was loaded. ratings.csv is named like a file of feed ratings but has the columns of feed links. To load it: marquee ingest drop --as links=ratings.csv. To leave it out: marquee ingest drop --ignore ratings.csv.',
    );
    const as = [{ feed: 'links', file: 'ratings.csv' }];
    expect((await readDrop(fixture('links-named-ratings'), feeds, { as })).deliveries).toMatchObject([
      { name: 'ratings.csv', feed: { name: 'links' } },
    ]);
  });

  it('escape sequences are kept as sent, and shown without effect', async () => {
    await take('escape-sequences');
    const [kept] = await query('select imdb_id from warehouse.movie_links where movielens_id = 1');
    expect(kept.imdb_id).toBe('\u001b]0;pwned\u0007\u001b[31mred\u001b[0m');
    const [reject] = await listMaskedRejects(pool());
    expect(reject).toMatchObject({ reason: 'key_not_usable', raw: 'x\u001b[2J,2,3' });
    expect(visible(`${reject!.raw} ${reject!.detail}`)).toMatch(/^x\\u001b\[2J,2,3 [ -~\u2018-\u201d]*$/);
  });

  it('titles that a spreadsheet takes for formulas are guarded in exports, and others are not changed', async () => {
    await take('formulas-and-accents');
    await publishReports(pool());
    const exported = await exportedText(database.pools.reader, 'movie_score_report');
    for (const guarded of [`"'-30-"`, `"'+1"`, `"'=HYPERLINK(""http://127.0.0.1/"",""x"")"`, `"'@home"`]) {
      expect(exported).toContain(`,${guarded},`);
    }
    for (const plain of ['100% Wolf', 'Amélie', 'straße', 'back\\slash', '"quote""d"', '"line\nbreak"']) {
      expect(exported).toContain(`,${plain},`);
    }
    expect(exported).not.toMatch(/(^|,)"?[=+@]/m);
  });
});
