import { beforeAll, describe, expect, it } from 'vitest';
import { traceLines } from '../../../src/cli/commands/trace.js';
import { trace } from '../../../src/reporting/explain/trace.js';
import { useDatabase } from '../../database-fixture.js';
import { takeMonth } from '../drops.js';
import { publishReports, report } from '../publish-reports.js';

const genres = (...ids: number[]) =>
  `[${ids.map((id) => `{'id': ${id}, 'name': 'Genre ${id}'}`).join(', ')}]`;
const film = (id: string, values: Record<string, string>) => ({
  id,
  title: `Film ${id}`,
  release_date: '1995-10-30',
  budget: '30',
  production_companies: `[{'id': 3, 'name': 'Pixar'}]`,
  ...values,
});

describe('why a film is in a row', () => {
  const database = useDatabase();
  const month = (...movies: ReturnType<typeof film>[]) => ({ movies, links: [], ratings: [] });

  beforeAll(async () => {
    const { pipeline } = database.pools;
    await takeMonth(pipeline, month(film('9', {}), film('1', { genres: genres(16, 18) })), '2017-01');
    await takeMonth(
      pipeline,
      month(
        film('1', { budget: '40', genres: genres(18) }),
        film('2', { genres: genres(16), status: 'Rumored' }),
      ),
      '2017-02',
    );
    await publishReports(pipeline);
  });

  const of = (name: string, key: Record<string, number>, column?: string) =>
    trace(database.pools.pipeline, report(name), key, column);

  it('is the record that listed its genre, though a later one of it no longer does', async () => {
    const { entities } = await of('genre_report', { year: 1995, genre_id: 16 });
    expect(entities).toMatchObject([
      {
        entity: 1,
        counted: true,
        period: '2017-02',
        record: 1,
        raw: { genres: genres(18) },
        links: [
          {
            table: 'movie_genres',
            key: { movie_id: '1', genre_id: '16' },
            file: 'movies_metadata.csv',
            period: '2017-01',
            record: 2,
            mappingVersion: 1,
          },
        ],
      },
      { entity: 2, counted: false, period: '2017-02', record: 2, links: [{ period: '2017-02', record: 2 }] },
    ]);
    expect(entities[0]!.links[0]!.raw).toEqual({ id: '1', genres: genres(16, 18) });
  });

  it('is each of the links, where a row is of two things', async () => {
    const key = { production_company_id: 3, year: 1995, genre_id: 16 };
    const { entities } = await of('production_company_genre_report', key, 'budget');
    expect(entities.map(({ links }) => links.map(({ table, period }) => [table, period]))).toEqual([
      [
        ['movie_production_companies', '2017-01'],
        ['movie_genres', '2017-01'],
      ],
      [
        ['movie_production_companies', '2017-02'],
        ['movie_genres', '2017-02'],
      ],
    ]);
  });

  it('is told in lines of its own, where the film has it from another record', async () => {
    const traced = await of('genre_report', { year: 1995, genre_id: 16 }, 'budget');
    const lines = traceLines(report('genre_report'), traced, 'budget');
    expect(lines.filter((line) => line.includes('movie_genres'))).toEqual([
      expect.stringMatching(
        /^ {4}movie_genres with genre_id 16, movie_id 1: movies_metadata.csv of 2017-01, record 2, warehouse version \d+, mapping version 1$/,
      ),
    ]);
    expect(lines).toContain(`      as sent: id=1 | genres=${genres(16, 18)}`);
  });

  it('is beside the record that gives the genre its name', async () => {
    const { shown } = await of('genre_report', { year: 1995, genre_id: 16 }, 'genre_name');
    expect(shown).toMatchObject([
      { table: 'genres', key: { id: '16' }, period: '2017-01', record: 2, raw: { genres: genres(16, 18) } },
    ]);
    expect((await of('genre_report', { year: 1995, genre_id: 16 }, 'budget')).shown).toEqual([]);
  });

  it('is told as published, when the link is no longer said since', async () => {
    await database.pools.pipeline.query(
      'update warehouse.movie_genres set deleted = true, deleted_date = now() where movie_id = 1 and genre_id = 16',
    );
    const { entities } = await of('genre_report', { year: 1995, genre_id: 16 });
    expect(entities[0]!.links).toMatchObject([{ table: 'movie_genres', period: '2017-01', record: 2 }]);
  });
});
