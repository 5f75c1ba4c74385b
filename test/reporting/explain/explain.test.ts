import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { inSnapshot, inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { parseKey } from '../../../src/reporting/definition/report-key.js';
import { causeText } from '../../../src/reporting/explain/cause-text.js';
import { type ExplainOptions, explain, explanationJson } from '../../../src/reporting/explain/explain.js';
import { trace } from '../../../src/reporting/explain/trace.js';
import { holdPublication } from '../../../src/reporting/publish/publication-lock.js';
import { type PublishResult, publish } from '../../../src/reporting/publish/publish.js';
import { forgetChanges } from '../../../src/reporting/publish/retention.js';
import { useDatabase } from '../../database-fixture.js';
import { takeMonth } from '../drops.js';
import { buildAll, checkAll, publishReports, report } from '../publish-reports.js';

const genres = report('genre_report');

function film(id: string, values: Record<string, string>) {
  const links = {
    genres: `[{'id': 16, 'name': 'Animation'}]`,
    production_companies: `[{'id': 3, 'name': 'Pixar'}]`,
  };
  return { id, title: `Film ${id}`, release_date: '1995-10-30', ...links, ...values };
}

describe('asking why', () => {
  const database = useDatabase();
  const month = (...movies: ReturnType<typeof film>[]) => ({ movies, links: [], ratings: [] });

  beforeAll(async () => {
    const { pipeline } = database.pools;
    await takeMonth(
      pipeline,
      month(film('1', { budget: '30' }), film('2', { status: 'Rumored', budget: '9' }), film('3', {})),
      '2017-01',
    );
    await publishReports(pipeline);
    await takeMonth(
      pipeline,
      month(film('1', { budget: '40', revenue: '100', popularity: '2.5' })),
      '2017-02',
    );
    await publishReports(pipeline);
    await takeMonth(pipeline, month(), '2017-03');
    await publishReports(pipeline);
  });

  const why = (options: ExplainOptions) =>
    explain(database.pools.reader, genres, parseKey(genres, ['1995', '16']), options);

  it('is answered with the films behind each changed cell, and lines for people', async () => {
    const { changes, from, to } = await why({ from: 1, column: 'budget' });
    expect([from, to]).toEqual([1, 3]);
    expect(changes).toMatchObject([{ publication: 2, column: 'budget', old: '30', new: '40' }]);
    expect(causeText(changes[0]!.causes[0]!, 'film', 'movie_id')).toMatch(
      /^Film 1 \(film 1\) changed; budget 30 -> 40, .*; movies_metadata.csv of 2017-02, record 1, warehouse version \d+$/,
    );
  });

  it('is answered with values as JSON has them, numbers with all their digits', async () => {
    const found = await why({ from: 1 });
    const budget = found.changes.find(({ column }) => column === 'budget')!;
    const row = {
      ...budget,
      column: null,
      old: null,
      new: '{"genre_name":"A","budget":12345678901234567890.10}',
    };
    const name = { ...budget, column: 'genre_name', old: 'A', new: '1' };
    const json = explanationJson(genres, { ...found, changes: [budget, row, name] });
    expect(json).toContain(
      '"old":null,"new":{"genre_name":"A","budget":12345678901234567890.10},"causes":[{',
    );
    const { changes, ...rest } = JSON.parse(json);
    expect(rest).toEqual({ report: 'genre_report', key: found.key, from: 1, to: 3, lastChanged: null });
    expect(changes[0]).toMatchObject({ column: 'budget', old: 30, new: 40, causes: budget.causes });
    expect(changes[2]).toMatchObject({ column: 'genre_name', old: 'A', new: '1' });
  });

  it('is answered with when it last changed, where it did not change since', async () => {
    expect(await why({})).toMatchObject({ from: 2, to: 3, changes: [], lastChanged: 2 });
  });

  it.each([
    [{ to: 9 }, 'publication_unknown'],
    [{ from: 3, to: 2 }, 'publications_reversed'],
    [{ column: 'year' }, 'column_unknown'],
  ])('is refused with a reason for %o', async (options, code) => {
    await expect(why(options)).rejects.toMatchObject({ code });
  });

  it('is refused for a row that is not there and never was', async () => {
    await expect(explain(database.pools.reader, genres, { year: 1900, genre_id: 16 })).rejects.toMatchObject({
      code: 'row_unknown',
    });
  });

  it.each([[['1995']], [['1995', 'sixteen']], [['99999999999', '16']]])(
    'is refused for the key %o',
    (values) => {
      expect(() => parseKey(genres, values)).toThrow(expect.objectContaining({ code: 'key_invalid' }));
    },
  );

  it('shows what counts and what is left out, and why, down to the text that was sent', async () => {
    const traced = await trace(database.pools.pipeline, genres, parseKey(genres, ['1995', '16']), 'budget');
    expect(traced.row.budget).toBe('40');
    expect(
      traced.entities.map(({ name, counted, why: reason, amounts }) => [name, counted, reason, amounts]),
    ).toEqual([
      ['Film 1', true, null, { budget: '40' }],
      ['Film 3', false, 'unknown budget', { budget: null }],
      ['Film 2', false, 'unreleased by its status', { budget: null }],
    ]);
    expect(traced.entities[0]).toMatchObject({
      file: 'movies_metadata.csv',
      period: '2017-02',
      record: 1,
      mappingVersion: 1,
      raw: { id: '1', budget: '40', revenue: '100' },
    });
  });

  it('counts the unreleased where their budgets are summed', async () => {
    const key = parseKey(genres, ['1995', '16']);
    const { entities } = await trace(database.pools.pipeline, genres, key, 'unreleased_budget');
    expect(
      entities.map(({ name, counted, why: reason, amounts }) => [name, counted, reason, amounts]),
    ).toEqual([
      ['Film 1', false, 'counted in the other columns', { unreleased_budget: null }],
      ['Film 3', false, 'counted in the other columns', { unreleased_budget: null }],
      ['Film 2', true, null, { unreleased_budget: '9' }],
    ]);
  });

  it.each(['average_popularity', 'popularity_rank'])('shows the popularities behind %s', async (column) => {
    const key = parseKey(genres, ['1995', '16']);
    const { entities } = await trace(database.pools.pipeline, genres, key, column);
    expect(entities.map(({ name, why: reason, amounts }) => [name, reason, amounts])).toEqual([
      ['Film 1', null, { popularity: '2.5' }],
      ['Film 3', 'unknown popularity', { popularity: null }],
      ['Film 2', 'unreleased by its status', { popularity: null }],
    ]);
  });

  it('is refused for a row that is not served', async () => {
    await expect(trace(database.pools.pipeline, genres, { year: 1900, genre_id: 16 })).rejects.toMatchObject({
      code: 'row_unknown',
    });
  });

  it('is answered of one publication: another waits until the films behind it are told', async () => {
    const { pipeline, owner } = database.pools;
    await takeMonth(pipeline, month(film('1', { budget: '50' }), film('4', {})), '2017-04');
    await checkAll(pipeline, await buildAll(pipeline));
    let next: Promise<PublishResult> | undefined;
    const traced = await inTransaction(pipeline, async (client) => {
      await holdPublication(client);
      next = inTransaction(pipeline, (other) => publish(other, reports, { runId: null }));
      await expect.poll(() => waiting(owner)).toBe(1);
      return trace(client, genres, parseKey(genres, ['1995', '16']), 'release_count');
    });
    expect(traced).toMatchObject({ publication: 3, row: { release_count: '2' } });
    expect(traced.entities.map(({ name, counted }) => [name, counted])).toEqual([
      ['Film 1', true],
      ['Film 3', true],
      ['Film 2', false],
    ]);
    expect(await next).toMatchObject({ publication: 4 });
  });

  it('is answered of one snapshot, though what it asks of is forgotten meanwhile', async () => {
    const { pipeline, reader } = database.pools;
    const key = parseKey(genres, ['1995', '16']);
    const { changes } = await inSnapshot(reader, async (client) => {
      await client.query('select from reporting.publication');
      await inTransaction(pipeline, (other) => forgetChanges(other, reports, 1));
      return explain(client, genres, key, { from: 1, to: 2, column: 'budget' });
    });
    expect(changes).toMatchObject([{ old: '30', new: '40' }]);
    await expect(explain(reader, genres, key, { from: 1, to: 2 })).rejects.toMatchObject({
      code: 'publication_not_retained',
    });
  });

  async function waiting(owner: pg.Pool): Promise<number> {
    const { rows } = await owner.query(
      `select count(*)::integer as waiting from pg_locks
       where locktype = 'advisory' and not granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows[0].waiting;
  }
});

describe('asking why of a row that went since', () => {
  const database = useDatabase();
  const key = parseKey(genres, ['1999', '16']);

  beforeAll(async () => {
    const { pipeline } = database.pools;
    const days: Record<string, string>[] = [
      { 5: '1995-01-01', 6: '1999-01-01' },
      { 5: '1995-01-02' },
      { 6: '2000-01-01' },
    ];
    for (const [place, dated] of days.entries()) {
      const movies = Object.entries(dated).map(([id, release_date]) => film(id, { release_date }));
      await takeMonth(pipeline, { movies, links: [], ratings: [] }, `2017-0${place + 1}`);
      await publishReports(pipeline);
    }
  });

  const why = (options: ExplainOptions) => explain(database.pools.reader, genres, key, options);

  it('is answered for the time when it was there', async () => {
    expect(await why({ from: 1, to: 2 })).toMatchObject({ changes: [], lastChanged: null });
    expect(await why({ from: 0, to: 1 })).toMatchObject({ changes: [], lastChanged: null });
    expect(await why({})).toMatchObject({ changes: [{ change: 'delete', publication: 3 }] });
  });
});
