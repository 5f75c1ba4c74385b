import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contradictions, explainUnclear, whyNoMonth } from '../../../src/source/drop/clear-drop.js';
import { type DropAnswers, readDrop } from '../../../src/source/drop/drop.js';
import type { Feed } from '../../../src/source/feed.js';
import { useFolder } from '../loading.js';
import { zipOf } from './zip-archive.js';

const folder = useFolder();
const feeds: Feed[] = [
  { name: 'movies_metadata', fileName: 'movies_metadata.csv', columns: ['id', 'title', 'status'] },
  { name: 'links', fileName: 'links.csv', columns: ['movieId', 'imdbId', 'tmdbId'] },
  { name: 'ratings', fileName: 'ratings.csv', columns: ['userId', 'movieId', 'rating'] },
];
const films = 'id,title,status\n1,One,Released\n';
const links = 'movieId,imdbId,tmdbId\n1,1,1\n';
const ratings = 'userId,movieId,rating\n1,1,4\n';
const other = 'a,b\n1,2\n';

/** Reads a drop of these files, in a folder of this name. */
async function read(files: Record<string, string | Buffer>, answers: DropAnswers = {}, name = 'drop') {
  const drop = join(await mkdtemp(join(folder.path, 'case-')), name);
  await mkdir(drop);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(drop, file)), { recursive: true });
    await writeFile(join(drop, file), content);
  }
  return readDrop(drop, feeds, answers);
}

const commands = { files: 'marquee ingest drop', month: 'marquee ingest drop' };
const unclear = (drop: Awaited<ReturnType<typeof read>>, period = drop.period) =>
  explainUnclear(drop, { period, isGiven: false }, commands);

describe('a file whose feed is unclear', () => {
  it.each<[string, string | Buffer, string]>([
    ['movie_metadata.csv', other, 'movies_metadata'],
    ['movies-metadata.csv', other, 'movies_metadata'],
    ['moviesmetadata_2017-08.csv', other, 'movies_metadata'],
    ['movies_metadata_170831.csv', films, 'movies_metadata'],
    ['movies_metadata (1).csv', films, 'movies_metadata'],
    ['Copy of ratings.csv', ratings, 'ratings'],
    ['rating.csv', other, 'ratings'],
    ['ratings_small.csv', ratings, 'ratings'],
    ['ratings', ratings, 'ratings'],
    ['ratings.txt', ratings, 'ratings'],
    ['ratings.csv.part', ratings, 'ratings'],
    ['ratings.xlsx', zipOf({ 'xl/workbook.xml': '' }), 'ratings'],
    ['films.csv', films, 'movies_metadata'],
    ['films.csv', `\ufeffsep=;\r\n${films.replaceAll(',', ';')}`, 'movies_metadata'],
    ['films.csv', Buffer.from(`\ufeff${films}`, 'utf16le'), 'movies_metadata'],
    ['films.csv.gz', gzipSync(films), 'movies_metadata'],
    ['films.csv', gzipSync(films), 'movies_metadata'],
    ['films.dat', `"id","title","status","year"\n`, 'movies_metadata'],
    // Named like one feed, with the columns of another.
    ['ratings.csv', links, 'links'],
    ['ratings_2017-08.csv', links, 'links'],
  ])('%s is asked about before anything is loaded', async (name, content, feed) => {
    const drop = await read({ [name]: content, 'links.csv': links });
    expect(drop.questions).toMatchObject([{ name, feed }]);
    const quoted = /[ ()]/.test(name) ? [`'${feed}=${name}'`, `'${name}'`] : [`${feed}=${name}`, name];
    expect(unclear(drop)).toMatch(/^Nothing was loaded\. /);
    expect(unclear(drop)).toContain(`To load it: marquee ingest drop --as ${quoted[0]}.`);
    expect(unclear(drop)).toContain(`To leave it out: marquee ingest drop --ignore ${quoted[1]}.`);
  });

  it('is loaded or left out as answered', async () => {
    const files = { 'films.csv': films, 'ratings.csv': links, 'ratings_small.csv': ratings };
    const answers = {
      as: [
        { feed: 'movies_metadata', file: 'films.csv' },
        { feed: 'links', file: 'ratings.csv' },
      ],
      ignore: ['ratings_small.csv'],
    };
    const drop = await read(files, answers);
    expect(drop.deliveries.map(({ name, feed }) => `${name} ${feed.name}`)).toEqual([
      'films.csv movies_metadata',
      'ratings.csv links',
    ]);
    expect(drop).toMatchObject({ questions: [], warnings: [] });
  });

  it('can be in an archive', async () => {
    const archive = zipOf({ 'data.csv': films });
    const drop = await read({ 'export.zip': archive });
    expect(unclear(drop)).toContain('export.zip/data.csv has the columns of feed movies_metadata.');
    const as = [{ feed: 'movies_metadata', file: 'export.zip' }];
    expect((await read({ 'export.zip': archive }, { as })).deliveries).toMatchObject([
      { name: 'export.zip/data.csv', compression: 'zip', entry: 'data.csv' },
    ]);
  });

  it('can be a folder, which can only be left out', async () => {
    const drop = await read({ 'ratings/part-1.csv': ratings, 'links.csv': links });
    expect(unclear(drop)).toBe(
      'Nothing was loaded. ratings is a folder named like feed ratings, and the files in folders are not read. To leave it out: marquee ingest drop --ignore ratings.',
    );
  });

  it.each([
    'notes.txt',
    'movies.csv',
    'ratings.csv.md5',
    'ratings.csv.sha256',
    'movies_metadata.pdf',
    'README_ratings.md',
  ])('is not %s, which is ignored with a warning', async (name) => {
    const drop = await read({ [name]: other, 'links.csv': links });
    expect(unclear(drop)).toBeUndefined();
    expect(drop.warnings).toEqual([`${name} belongs to no feed and was ignored.`]);
  });

  it('is not a table that only shares two of many columns with a feed', async () => {
    const wide = { name: 'keywords', fileName: 'keywords.csv', columns: ['id', 'keywords'] };
    const drop = join(folder.path, 'wide');
    await mkdir(drop);
    await writeFile(join(drop, 'other.csv'), 'id,keywords,c,d,e,f\n');
    await writeFile(join(drop, 'keywords.csv'), 'id,keywords\n1,a\n');
    expect(await readDrop(drop, [wide])).toMatchObject({ questions: [] });
  });

  it('that an answer names must exist, and so must the feed', async () => {
    await expect(read({ 'links.csv': links }, { ignore: ['linkz.csv'] })).rejects.toMatchObject({
      code: 'drop_file_unknown',
      message: 'The drop has no file linkz.csv; it has links.csv. Specify a file as it is listed here.',
    });
    const as = [{ feed: 'films', file: 'links.csv' }];
    await expect(read({ 'links.csv': links }, { as })).rejects.toMatchObject({ code: 'feed_unknown' });
  });
});

describe('the month of a drop', () => {
  it.each([
    ['drop', 'movies_metadata_2017-08-31.csv'],
    ['drop', 'movies_metadata_20170831.csv'],
    ['drop', 'movies_metadata_201708.csv'],
    ['2017-08', 'movies_metadata.csv'],
    // Which of the two it means, the other name says.
    ['2017-08', 'movies_metadata_08-09-2017.csv'],
    ['files of Aug 2017', 'movies_metadata_20170801.csv'],
  ])('in %s with %s is 2017-08', async (name, file) => {
    const drop = await read({ [file]: films, 'links.csv': links }, {}, name);
    expect(drop).toMatchObject({ period: '2017-08', warnings: [] });
    expect(drop.deliveries.map(({ feed }) => feed.name).sort()).toEqual(['links', 'movies_metadata']);
    expect(unclear(drop)).toBeUndefined();
  });

  it('is asked for when names give different months', async () => {
    const files = { 'movies_metadata_2017-07.csv': films, 'links_2017-08.csv': links };
    const drop = await read(files);
    expect(drop.period).toBeUndefined();
    expect(unclear(drop)).toBe(
      'Nothing was loaded. The names give different months: links_2017-08.csv (2017-08), movies_metadata_2017-07.csv (2017-07). To load all files for one month: marquee ingest drop --period YYYY-MM. To leave a file out: marquee ingest drop --ignore FILE.',
    );
    expect(unclear(await read(files, { ignore: ['links_2017-08.csv'] }))).toBeUndefined();
    expect(unclear(await read(files, {}, '2017-08'))).toContain('different months: 2017-08 (2017-08), ');
    expect(unclear(await read({ 'links_2017-08_2017-09.csv': links }))).toContain('different months');
    expect(unclear(await read({ 'links_2017-08.csv': links }), '2017-09')).toContain('the drop (2017-09)');
  });

  it('is the one that an operator gave, with a warning for each other', async () => {
    const drop = await read({ 'links_2017-07.csv': links, 'ratings_2017-08.csv': ratings });
    expect(explainUnclear(drop, { period: '2017-08', isGiven: true }, commands)).toBeUndefined();
    expect(contradictions(drop, '2017-08')).toEqual([
      'The name links_2017-07.csv says 2017-07, but its records are stored as of 2017-08.',
    ]);
  });

  it('is not known when a name has none, or one of unclear meaning', async () => {
    expect(whyNoMonth(await read({ 'links.csv': links }))).toMatch(/^Cannot tell the month from the folder/);
    expect(whyNoMonth(await read({ 'links_05-06-2017.csv': links }))).toBe(
      'Cannot tell the month: 05-06-2017 in links_05-06-2017.csv may mean 2017-06 or 2017-05.',
    );
  });
});
