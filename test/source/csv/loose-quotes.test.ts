import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feeds } from '../../../src/dataset/feeds.js';
import { propertyRuns } from '../../property-runs.js';
import { readBytes, things } from '../reading.js';
import { polluted, pollution, written } from './polluted-records.js';
import { readAsPython } from './python-csv.js';

const films = feeds.find(({ name }) => name === 'movies_metadata')!;

/** A made-up film, with the kinds of text in which quotes and separators occur. */
const film = fc
  .record({
    id: fc.integer({ min: 1, max: 99_999 }),
    title: fc.constantFrom(
      'Harbor Lights',
      'Say "When" Again',
      'The 12" Single',
      'Left, Right',
      "Nobody's Sea",
    ),
    overview: fc.constantFrom(
      'A keeper of "lost" things, far from home, waits.',
      'Two friends, one boat.',
      '"Quoted from the start," she said.',
      'Plain text without any marks',
      'Ends with "a quote"',
      'First line\nsecond line, with "marks"',
    ),
    tagline: fc.constantFrom('', 'Hang on', 'Love, loss, and a way out', 'He said "no"'),
    genres: fc.constantFrom(
      '[]',
      "[{'id': 18, 'name': 'Drama'}]",
      `[{'id': 18, 'name': 'Drama'}, {'id': 35, 'name': "Ladies' Choice"}]`,
    ),
    quoted: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
  })
  .map(({ id, title, overview, tagline, genres, quoted }) => {
    const values: Record<string, string> = {
      ...{ adult: 'False', budget: '42000', genres, id: String(id), imdb_id: 'tt0114709', title, overview },
      ...{
        original_language: 'en',
        original_title: title,
        popularity: '0.15',
        poster_path: '/a.jpg',
        tagline,
      },
      ...{ production_companies: genres, production_countries: "[{'iso_3166_1': 'US', 'name': 'Here'}]" },
      ...{ release_date: '2017-01-01', revenue: '0', runtime: '81.0', status: 'Released', video: 'False' },
      ...{
        spoken_languages: "[{'iso_639_1': 'en', 'name': 'English'}]",
        vote_average: '2.5',
        vote_count: '2',
      },
    };
    return films.columns.map((column, index) => ({ value: values[column] ?? '', quoted: quoted[index]! }));
  });

describe('a record with misplaced quotes or separators', () => {
  it('is read right, rejected, or loaded with an issue, and harms no neighbor', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(film, { minLength: 4, maxLength: 8 }),
        fc.nat(3),
        pollution,
        async (records, victim, fault) => {
          const lines = records.map((record, index) =>
            index === victim ? polluted(record, fault) : written(record),
          );
          const { good, rejected } = await readBytes(`${films.columns.join(',')}\n${lines.join('\n')}\n`, {
            feed: films,
          });
          // Blanks around a value are trimmed when it is cleaned.
          const read = (values: readonly string[]) => JSON.stringify(values.map((value) => value.trim()));
          const truth = records.map((record) => read(record.map(({ value }) => value)));
          for (const { text, irregular } of good) {
            if (irregular === undefined) expect(truth).toContain(read(readAsPython(text)[0]!));
          }
          const found = new Set(good.map(({ text }) => read(readAsPython(text)[0]!)));
          const raws = rejected.map(({ raw }) => raw).join('\n');
          for (const [index, line] of lines.entries()) {
            if (index !== victim) expect(found.has(truth[index]!) || raws.includes(line)).toBe(true);
          }
        },
      ),
      { numRuns: propertyRuns(1000) },
    );
  });

  it('is rejected when the lost quote moves its fields, although their number is right', async () => {
    const line =
      'False,,42000,"[{\'id\': 80, \'name\': \'Crime\'}]",,443053,tt6174392,en,The Avenue,"A gambler, ""Eddie"", down and out",0.15,/1.jpg,' +
      `"[{'name': 'Flick', 'id': 86918}]","[{'iso_3166_1': 'US', 'name': 'Here'}]",2017-01-01,0,81.0,` +
      `"[{'iso_639_1': 'en', 'name': 'English'}]"",Released,"Love, loss, diamonds and only one way out",The Avenue,False,2.5,2`;
    expect(readAsPython(line)[0]).toHaveLength(films.columns.length);
    const { good, rejected } = await readBytes(`${films.columns.join(',')}\n${line}\n`, { feed: films });
    expect(good).toEqual([]);
    expect(rejected).toMatchObject([{ number: 1, line: 2, reason: 'uncertain_quotes', raw: line }]);
  });

  it.each([
    ['1,say "hi" again,x', true],
    ['1,5" pipe,x', true],
    ['1,The "Best","a, ""b"", c"', true],
    ['1,The "Best" of "All","a, b"', true],
    ['1,"tw"o,x', false],
    ['1,""two"",x', false],
    ['1,two",x', false],
    ['1, "two",x', false],
    ['1,say ""hi"" again,x', false],
    ['1,say \\"hi\\" again,x', false],
    ['one "1",two,x', false],
    ['1,te"two, too"', false],
  ])('%s is certain: %s', async (line, certain) => {
    const feed = { ...things, kinds: { id: 'number' } as const };
    const { good, rejected } = await readBytes(`id,name,note\n${line}\n`, { feed });
    expect(good.map(({ irregular }) => irregular?.column)).toEqual(certain ? ['name'] : []);
    expect(rejected.map(({ reason }) => reason)).toEqual(certain ? [] : ['uncertain_quotes']);
    if (certain) expect(readAsPython(good[0]!.text)).toEqual(readAsPython(line));
  });

  it.each([
    [100_000, true],
    [300_000, false],
  ])(
    'with %d separators in a quoted field is judged in little time, as certain: %s',
    async (count, certain) => {
      const started = performance.now();
      const { good } = await readBytes(`id,name,note\n1,5" pipe,"${'a, '.repeat(count)}"\n`);
      expect(good).toHaveLength(certain ? 1 : 0);
      expect(performance.now() - started).toBeLessThan(5000);
    },
  );
});
