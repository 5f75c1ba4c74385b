import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

/** Names that searching must not confuse, and some that differ only in case, accents or Unicode form. */
const NAMES = [
  'Amélie',
  'Amelie',
  'amelie',
  'Ame\u0301lie',
  'Łódź Story',
  'Straße',
  'İstanbul',
  'ＴＯＫＹＯ',
  '100% Wolf',
  '100 Wolves',
  'snake_case',
  'snakeXcase',
  'back\\slash',
  'Ёлки',
  'ΟΔΥΣΣΕΑΣ',
  '각설탕',
  'Zebra',
  'zebra',
  'Élan',
  'Eland',
  'ガラス',
];

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
  await api.database.owner.query(
    `insert into reporting.movie_score_report
       (movie_id, movie_name, reported_vote_count, calculated_vote_count, source_file, source_record)
     select 1000 + n, name, 0, 0, 'movies_metadata.csv', n from unnest($1::text[]) with ordinality as t (name, n)`,
    [NAMES],
  );
});
afterAll(() => api?.close());

async function found(movieName: object): Promise<string[]> {
  const { body } = await api.query(
    `query ($filter: MovieScoreReportFilter) { movieScoreReport(filter: $filter, first: 500) { nodes { movieName } } }`,
    { filter: { movieName } },
  );
  expect(body.errors).toBeUndefined();
  return body.data.movieScoreReport.nodes.map((node: { movieName: string }) => node.movieName);
}

const AMELIES = NAMES.slice(0, 4);

describe('a search of names', () => {
  it.each([
    [{ contains: 'AMÉLIE' }, AMELIES],
    [{ contains: 'melie' }, AMELIES],
    [{ startsWith: 'ame\u0301' }, AMELIES],
    [{ startsWith: 'melie' }, []],
    [{ contains: 'lodz' }, ['Łódź Story']],
    [{ contains: 'STRASSE' }, ['Straße']],
    [{ contains: 'istanbul' }, ['İstanbul']],
    [{ contains: 'tokyo' }, ['ＴＯＫＹＯ']],
    [{ startsWith: 'ｓｎａｋｅ＿' }, ['snake_case']],
    [{ contains: '100％' }, ['100% Wolf']],
    [{ contains: 'k＼s' }, ['back\\slash']],
    [{ contains: 'елки' }, ['Ёлки']],
    [{ contains: 'οδυσσέας' }, ['ΟΔΥΣΣΕΑΣ']],
    [{ contains: '가' }, []],
    [{ contains: 'カラス' }, []],
  ])('%j ignores case, accents and Unicode form, and nothing else', async (condition, names) => {
    expect((await found(condition)).sort()).toEqual([...names].sort());
  });

  it('leaves eq and in exact', async () => {
    expect(await found({ eq: 'Amélie' })).toEqual(['Amélie']);
    expect(await found({ in: ['amelie', 'STRASSE'] })).toEqual(['amelie']);
  });

  it('is answered from an index by the role of the API', async () => {
    const client = await api.database.reader.connect();
    try {
      await client.query('begin; set local enable_seqscan = off');
      const plan = async (rest: string) => {
        const { rows } = await client.query(`explain select * from reporting.movie_score_report ${rest}`);
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      expect(
        await plan(`where reporting.fold(movie_name) like '%' || reporting.fold('AMÉLIE') || '%'`),
      ).toContain('movie_score_report_movie_name_search');
      await client.query('commit');
    } finally {
      client.release();
    }
  });
});

describe('pages in the order of names', () => {
  it.each(['ASC', 'DESC'])('contain every row once, ordered as people do, %s', async (direction) => {
    const names: (string | null)[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { body } = await api.query(
        `query ($after: String, $direction: OrderDirection!) {
          movieScoreReport(first: 3, after: $after, orderBy: [{ field: MOVIE_NAME, direction: $direction }]) {
            nodes { movieName } pageInfo { hasNextPage endCursor }
          }
        }`,
        { after, direction },
      );
      const page = body.data.movieScoreReport;
      names.push(...page.nodes.map((node: { movieName: string | null }) => node.movieName));
      ({ endCursor: after, hasNextPage: more } = page.pageInfo);
    }
    const expected = [
      ...[
        '100 Wolves',
        '100% Wolf',
        'amelie',
        'Amelie',
        'Amélie',
        'Ame\u0301lie',
        'back\\slash',
        'Élan',
        'Eland',
      ],
      ...['First', 'İstanbul', 'Łódź Story', 'Second', 'snake_case', 'snakeXcase', 'Straße', 'ＴＯＫＹＯ'],
      ...['zebra', 'Zebra', 'ΟΔΥΣΣΕΑΣ', 'Ёлки', '각설탕', 'ガラス'],
    ];
    const present = names.filter((name) => name !== null);
    expect([...present].sort()).toEqual([...expected].sort());
    const forward = direction === 'ASC' ? present : present.reverse();
    // The two forms of Amélie differ only in bytes; the order between Korean and Japanese depends on the version of ICU.
    const stable = (list: string[]) => list.slice(0, -2).map((name) => name.normalize('NFC'));
    expect(stable(forward)).toEqual(stable(expected));
    expect(names.at(-1)).toBeNull();
  });
});
