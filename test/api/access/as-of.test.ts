import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';

const REPORT = 'movie_score_report';
const FIELDS =
  'movieId movieName reportedVoteAverage reportedVoteCount movieScore budget releaseDate sourceFile';
const film = (id: number, more: object = {}) => ({
  movie_id: id,
  movie_name: `Film ${id}`,
  reported_vote_count: id,
  calculated_vote_count: 0,
  source_file: 'movies_metadata.csv',
  source_record: id,
  ...more,
});

let api: ScratchApi;
/** The API's response while each publication was current. */
const states: unknown[][] = [];
const read = async (asOf?: number) => {
  const { body } = await api.query(
    `query ($asOf: Int) { movieScoreReport(asOf: $asOf, first: 100) { nodes { ${FIELDS} } totalCount totals { budget } } }`,
    { asOf },
  );
  return body;
};

beforeAll(async () => {
  api = await startScratchApi();
  const step = async (number: number, changes: Parameters<typeof publish>[4]) => {
    await publish(api.database.owner, number, REPORT, ['movie_id'], changes);
    states[number] = (await read()).data;
  };
  await step(1, []);
  await step(2, [
    { insert: film(10, { budget: '12.50', release_date: '2000-02-29' }) },
    { update: film(1), set: { movie_name: 'First again', budget: null } },
  ]);
  await step(3, [
    { update: film(10), set: { budget: '13.00' } },
    { delete: film(2) },
    { update: film(1), set: { movie_score: '1.0000' } },
  ]);
  await step(4, [
    { insert: film(2, { movie_name: 'Second is back', budget: '1' }) },
    { delete: film(10) },
    { update: film(1), set: { movie_score: '2.0000', movie_name: 'First for good' } },
  ]);
  await step(5, [
    { delete: film(2) },
    { insert: film(10, { movie_name: 'Ten "is" back\\', reported_vote_average: '7.25' }) },
    { update: film(3), set: { movie_name: 'Third', reported_vote_count: 5 } },
  ]);
});
afterAll(() => api?.close());

describe('a report as of an earlier publication', () => {
  it.each([1, 2, 3, 4, 5])('equals what was served while publication %i was current', async (number) => {
    const { data, extensions } = await read(number);
    expect(data).toEqual(states[number]);
    expect(extensions.publication.number).toBe(number);
  });

  it('differs between publications, so that the test above can fail', () => {
    expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(6);
  });

  it('supports filters, order, groups and related rows like the current one', async () => {
    const { body } = await api.query(`{
      movieScoreReport(asOf: 2, filter: { budget: { gte: "12" } }, orderBy: [{ field: BUDGET }]) {
        nodes { movieId budget genres { genreId } }
      }
      movieScoreReportGroups(asOf: 2, by: [YEAR], having: { year: { eq: 2000 } }) { nodes { year movieCount budget } }
    }`);
    expect(body.data).toEqual({
      movieScoreReport: { nodes: [{ movieId: 10, budget: '12.50', genres: [] }] },
      movieScoreReportGroups: { nodes: [{ year: 2000, movieCount: 1, budget: '12.50' }] },
    });
  });

  it.each([
    [0, 'asOf is 0, but there is no such publication. Query publications to list them.'],
    [6, 'asOf is 6, but there is no such publication. Query publications to list them.'],
  ])('rejects the unknown publication %i', async (number, message) => {
    const body = await read(number);
    expect(body.errors[0]).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  });

  it('must be the same in all parts of a request', async () => {
    const { body } = await api.query(
      '{ a: movieScoreReport(asOf: 1) { totalCount } b: movieScoreReport { totalCount } }',
    );
    expect(body.errors[0].message).toContain('Use the same asOf for all of them');
  });

  it('is rejected when later changes are no longer retained', async () => {
    await api.database.owner.query('delete from reporting.report_change where publication <= 3');
    expect((await read(2)).errors[0].message).toBe(
      'asOf is 2, but the changes since then are no longer retained. The earliest publication that can be read is 3.',
    );
    expect((await read(3)).data).toEqual(states[3]);
  });
});
