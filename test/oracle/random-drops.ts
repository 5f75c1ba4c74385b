import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { VendorDrop } from './drop-records.js';
import { codes, namedThings, names, people } from './random-literals.js';

/** A drop as it arrives. In the text of a file, `\udce9` represents the single byte E9, which is not valid UTF-8. */
export interface RandomDrop {
  readonly period: string;
  readonly files: Readonly<Record<string, string>>;
}

const some = (...values: string[]) => fc.constantFrom(...values);
const mostly = (usual: fc.Arbitrary<string>, ...seldom: string[]) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: some(...seldom) });
const title = fc.constantFrom(...names).map((name) => name ?? 'Toy Story');
const money = mostly(
  some('0', '1', '10', '0.05', '1250000.50', '3000000000'),
  ...['', '-5', '99999999999999999999', '1e3', '0.00', ' 7 ', 'abc', 'NaN'],
);
const filmId = mostly(
  some('1', '2', '3', '4', '5'),
  '2.0',
  ' 3',
  '0004',
  '',
  'x',
  '1997-08-20',
  '2147483648',
);
const movielensId = mostly(some('11', '12', '13'), '11.0', '', 'x');

/** Few ids and few values, so that months contain the same films, companies and years, with equal or different values. */
const feeds: Record<string, Record<string, fc.Arbitrary<string>>> = {
  'movies_metadata.csv': {
    adult: mostly(some('False', 'True'), '', 'maybe'),
    belongs_to_collection: namedThings(10, 11),
    budget: money,
    genres: namedThings(16, 18, 35),
    homepage: some('', 'http://example.org/?a=1,2'),
    id: filmId,
    imdb_id: some('tt0114709', ''),
    original_language: some('en', 'cn'),
    original_title: title,
    overview: title,
    popularity: mostly(some('1.5', '2.000001', '12.25', '0.3333335'), '', '0', '-1', '1e-7', 'many'),
    poster_path: some('', '/a.jpg'),
    production_companies: namedThings(3, 4, 5, 6),
    production_countries: codes('iso_3166_1', 'US', 'XC', 'SU'),
    release_date: mostly(
      some('2016-12-31', '2017-01-01', '2017-01-31', '2017-02-01', '2017-02-28', '2017-03-01'),
      ...['', '1995-10-30', '2017-02-29', '12/31/2016', ' 2016-12-31', '9999-12-31'],
    ),
    revenue: money,
    runtime: some('81.0', '-5', '', 'long'),
    spoken_languages: codes('iso_639_1', 'en', 'cn', 'xx', 'sh'),
    status: mostly(some('Released', ''), 'Rumored', 'Post Production', 'released'),
    tagline: some('', 'Hang on'),
    title,
    video: some('False', ''),
    vote_average: mostly(some('7.7', '6.005', '10'), '', '0', '11', 'good'),
    vote_count: mostly(some('0', '1', '7', '5415'), '', '3.0', '-1', '4294967296'),
  },
  'links.csv': {
    movieId: movielensId,
    imdbId: some('0114709', ''),
    tmdbId: mostly(some('1', '2', '3'), '', '3.0', '99', 'x'),
  },
  'ratings.csv': {
    userId: mostly(some('1', '2', '3'), ' 1', '', '-7'),
    movieId: movielensId,
    rating: mostly(some('0.5', '3.0', '4.5', '5'), '', 'NaN', '3.333', '10'),
    timestamp: some('1260759144', '1260759145', ''),
  },
  'credits.csv': { cast: people('cast_id'), crew: people('gender'), id: filmId },
  'keywords.csv': { id: filmId, keywords: namedThings(931, 932) },
};

type Field = { readonly value: string; readonly quoted: boolean };

/** Ways in which a record arrives. All but the first two turn it into one or two broken records. */
const fates = ['fine', 'loose', 'newline', 'short', 'long', 'nul', 'no text'] as const;
const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant(fates[0]) },
  { weight: 1, arbitrary: fc.constantFrom(...fates) },
);

const drop: fc.Arbitrary<RandomDrop> = fc
  .tuple(
    some('2016-12', '2017-01', '2017-02'),
    ...Object.entries(feeds).map(([name, columns]) =>
      fc.option(
        fileOf(columns, name === 'movies_metadata.csv' ? 6 : 4).map((text) => [name, text] as const),
        { freq: name === 'movies_metadata.csv' ? 20 : 3 },
      ),
    ),
  )
  .map(([period, ...files]) => ({
    period,
    files: Object.fromEntries(files.filter((file) => file !== null)),
  }))
  .filter(({ files }) => Object.keys(files).length > 0);

function fileOf(columns: Record<string, fc.Arbitrary<string>>, maxLength: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(recordOf(columns), { minLength: 1, maxLength }), some('\n', '\r\n'), fc.boolean())
    .map(
      ([records, lineEnd, isEnded]) =>
        [Object.keys(columns).join(','), ...records].join(lineEnd) + (isEnded ? lineEnd : ''),
    );
}

function recordOf(columns: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<string> {
  const fields = Object.values(columns).map((value) => fc.record({ value, quoted: fc.boolean() }));
  return fc.tuple(fc.tuple(...fields), fate).map(([record, what]) => lineOf(record, what));
}

function lineOf(fields: readonly Field[], what: (typeof fates)[number]): string {
  const texts = fields.map(fieldText);
  // Within the field before the last one, as a newline in a text breaks a record: into two with too few fields.
  const place = fields.length - 2;
  const loose = fields.findIndex(({ value }) => isCertain(value));
  if (what === 'loose' && loose >= 0) texts[loose] = fields[loose]!.value;
  if (what === 'newline') texts[place] = 'cut\nhere';
  if (what === 'short' && texts[0] !== '') texts.pop();
  if (what === 'long') texts.push('more');
  if (what === 'nul') texts[place] = 'a\0b';
  if (what === 'no text') texts[place] = 'caf\udce9';
  return texts.join(',');
}

function fieldText({ value, quoted }: Field): string {
  return quoted || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** Whether a text can arrive unquoted in spite of its quotes, because only one reading fits. */
function isCertain(value: string): boolean {
  return (
    /^[^"\s,][^"\r\n,]*(?:"[^"\r\n,]+"[^"\r\n,]*)+$/.test(value) &&
    !/^[[{]/.test(value) &&
    !value.includes('\\"')
  );
}

/**
 * Up to four drops in the order of their arrival. Months arrive late or again with different records, and sometimes a drop
 * arrives again unchanged. All other files differ, because a number of the drop decides which column names are quoted.
 */
export const randomDrops = (minLength = 1): fc.Arbitrary<RandomDrop[]> =>
  fc.array(fc.tuple(drop, fc.integer({ min: 0, max: 9 })), { minLength, maxLength: 4 }).map((drops) => {
    const [[first]] = drops as [[RandomDrop, number]];
    return drops.map(([{ period, files }, again], place) => {
      if (again === 0) return { period: first.period, files: marked(first.files, 0) };
      return { period, files: marked(files, place) };
    });
  });

function marked(files: RandomDrop['files'], mark: number): RandomDrop['files'] {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, withMark(text, mark)]));
}

function withMark(text: string, mark: number): string {
  const [first = '', second = '', ...others] = text.split(',');
  const quoted = (name: string, bit: number) => ((mark >> bit) & 1 ? `"${name}"` : name);
  // The second name may be the last one of the line.
  const [, name = '', rest = ''] = /^(\w+)([\s\S]*)$/.exec(second) ?? [];
  return [quoted(first, 0), quoted(name, 1) + rest, ...others].join(',');
}

/** Writes the drops' files into separate folders under a folder, and returns these folders. */
export async function writeDrops(under: string, drops: readonly RandomDrop[]): Promise<VendorDrop[]> {
  const written: VendorDrop[] = [];
  for (const [place, { period, files }] of drops.entries()) {
    const folder = join(under, `${place}`, period);
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), bytesOf(text));
    written.push({ period, folder });
  }
  return written;
}

function bytesOf(text: string): Buffer {
  const pieces = text.split('\udce9').flatMap((piece) => [Buffer.from([0xe9]), Buffer.from(piece)]);
  return Buffer.concat(pieces.slice(1));
}
