import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseString } from 'fast-csv';
import type { TestContext } from 'vitest';
import type { SampleDrop } from '../../src/dataset/sample/drop-folder.js';
import type { VendorFeed } from '../../src/dataset/sample/vendor-feeds.js';
import { askPython } from './sample-python.js';

/** The header lines of the vendor's files, copied from the files themselves and not from the code under test. */
export const HEADERS: Record<VendorFeed, string> = {
  movies_metadata:
    'adult,belongs_to_collection,budget,genres,homepage,id,imdb_id,original_language,original_title,overview,' +
    'popularity,poster_path,production_companies,production_countries,release_date,revenue,runtime,' +
    'spoken_languages,status,tagline,title,video,vote_average,vote_count',
  credits: 'cast,crew,id',
  keywords: 'id,keywords',
  links: 'movieId,imdbId,tmdbId',
  ratings: 'userId,movieId,rating,timestamp',
};

/** Calls `use` with a new folder, which is removed afterwards. */
export async function inFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'marquee-sample-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The sha256 of each file of the drops, by period and feed. */
export async function fingerprints(drops: readonly SampleDrop[]): Promise<Record<string, string>> {
  const files = drops.flatMap(({ period, files }) => files.map((file) => ({ period, ...file })));
  const entries = files.map(async ({ period, feed, path }) => {
    return [
      `${period}/${feed}`,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** All records of a drop's file as lists of fields, without the header. */
export async function recordsOf(drop: SampleDrop | undefined, feed: VendorFeed): Promise<string[][]> {
  const file = drop?.files.find((candidate) => candidate.feed === feed);
  if (file === undefined) throw new Error(`The drop has no ${feed}.`);
  const text = await readFile(file.path, 'utf8');
  return new Promise((resolve, reject) => {
    const records: string[][] = [];
    parseString<string[], string[]>(text)
      .on('error', reject)
      .on('data', (record) => records.push(record))
      .on('end', () => resolve(records.slice(1)));
  });
}

/** The records of a drop's file as objects by column, without those that have a different number of fields. */
export async function rowsOf(
  drop: SampleDrop | undefined,
  feed: VendorFeed,
): Promise<Record<string, string>[]> {
  const columns = HEADERS[feed].split(',');
  const whole = (await recordsOf(drop, feed)).filter((record) => record.length === columns.length);
  return whole.map((record) => Object.fromEntries(columns.map((column, place) => [column, record[place]!])));
}

/** The content of a file as read by Python's csv and ast modules. */
export interface PythonReading {
  header: string;
  records: number;
  /** Number of fields of each record that does not have as many as the header. */
  broken: number[];
  /** Number of entries in all lists of each nested column. */
  entries: Record<string, number>;
}

export function readByPython(context: TestContext, drop: SampleDrop): Record<VendorFeed, PythonReading> {
  const program = `
nested = {'belongs_to_collection', 'genres', 'production_companies', 'production_countries', 'spoken_languages',
          'cast', 'crew', 'keywords'}
found = {}
for feed, path in asked.items():
    with open(path, newline='', encoding='utf-8') as file:
        header, *records = csv.reader(file)
    whole = [dict(zip(header, record)) for record in records if len(record) == len(header)]
    entries = {}
    for column in nested.intersection(header):
        entries[column] = sum(len(ast.literal_eval(record[column])) for record in whole if record[column])
    found[feed] = {'header': ','.join(header), 'records': len(records), 'entries': entries,
                  'broken': [len(record) for record in records if len(record) != len(header)]}
print(json.dumps(found))`;
  return askPython(context, program, Object.fromEntries(drop.files.map(({ feed, path }) => [feed, path])));
}
