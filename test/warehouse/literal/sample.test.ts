import { createReadStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'fast-csv';
import { describe, expect, it } from 'vitest';
import { readEntries } from '../../../src/warehouse/literal/entries.js';
import { parseLiteral } from '../../../src/warehouse/literal/parse.js';

const folder = fileURLToPath(new URL('../../../../shared/data/the-movies-dataset-1k', import.meta.url));
const present = existsSync(folder);
if (!present) process.stderr.write(`SKIPPED: the real sample is not at ${folder}.\n`);

describe.skipIf(!present)('the nested columns of a thousand real records', () => {
  // What Python's csv and ast.literal_eval find over all records of each file (1,000 in each, no movie twice).
  it.each([
    ['credits.csv', { cast: 12_831, crew: 10_976 }],
    ['keywords.csv', { keywords: 3522 }],
    [
      'movies_metadata.csv',
      {
        genres: 2024,
        production_companies: 1670,
        production_countries: 1110,
        spoken_languages: 1173,
        belongs_to_collection: 113,
      },
    ],
  ])('%s is read without a failure to the number of entries that Python finds', async (file, expected) => {
    const failures: unknown[] = [];
    const found: Record<string, number> = Object.fromEntries(
      Object.keys(expected).map((column) => [column, 0]),
    );
    for await (const record of createReadStream(`${folder}/${file}`).pipe(parse({ headers: true }))) {
      for (const column of Object.keys(expected)) {
        const text = (record as Record<string, string>)[column]!;
        const result = readEntries(text, ['id', 'name'], (_ordinal, [id, name]) => {
          if (name === null) failures.push({ column, id });
        });
        if (!result.ok || (text !== '' && !parseLiteral(text).ok)) failures.push({ column, text, result });
        else found[column]! += result.count;
      }
    }
    expect(failures).toEqual([]);
    expect(found).toEqual(expected);
  });
});
