import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { exportReport } from '../../../src/reporting/explain/export.js';
import { earlierPublication } from '../../../src/reporting/publications/earlier-state.js';
import { listPublications } from '../../../src/reporting/publications/publication.js';
import { publish } from '../../../src/reporting/publish/publish.js';
import { rollback } from '../../../src/reporting/publish/rollback.js';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { changesNotExplained } from '../causes/sums-of-causes.js';
import { takeMonth } from '../drops.js';
import { emptyDatabase } from '../empty-database.js';
import { buildAll, checkAll, publishReports } from '../publish-reports.js';
import { type RandomMonth, randomMonths } from '../random-months.js';

/** A month with one film of each number, told with a budget. */
function month(...films: [id: string, budget: string][]): RandomMonth {
  const movies = films.map(([id, budget]) => ({
    id,
    budget,
    title: `Film ${id}`,
    popularity: '1.50',
    release_date: '1995-10-30',
    genres: `[{'id': 16, 'name': 'Animation'}]`,
    production_companies: `[{'id': 3, 'name': 'Pixar'}]`,
  }));
  return { movies, links: [], ratings: [] };
}

describe('an earlier publication', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(() => emptyDatabase(database.pools.owner));

  /** All reports as CSV: as they are, or as they were at a publication. */
  async function state(publication?: number): Promise<Record<string, string>> {
    const csv: Record<string, string> = {};
    for (const definition of reports) {
      const client = await database.pools.reader.connect();
      try {
        if (publication !== undefined) await earlierPublication(client, [definition], publication);
        csv[definition.name] = await text(exportReport(client, definition, 'csv', publication));
      } finally {
        client.release();
      }
    }
    return csv;
  }

  async function publishMonths(months: readonly RandomMonth[]): Promise<Record<string, string>[]> {
    await emptyDatabase(database.pools.owner);
    const states = [];
    for (const [place, told] of months.entries()) {
      await takeMonth(pool(), told, `2017-0${place + 1}`);
      await publishReports(pool(), reports, false, 1);
      states.push(await state());
    }
    return states;
  }

  function rollBack(to: number, retainedPublications?: number) {
    return inTransaction(pool(), (client) =>
      rollback(client, reports, { to, runId: null, retainedPublications }),
    );
  }

  async function contributions(): Promise<string[]> {
    const { rows } = await pool().query<{ row: string }>(
      `select to_jsonb(known)::text as row from support.contribution_production_company_genre_report as known
       union all select to_jsonb(known)::text from support.contribution_movie_score_report as known order by 1`,
    );
    return rows.map(({ row }) => row);
  }

  it('is exported and published again exactly as it was, whatever came since', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(randomMonths, async (months) => {
        const states = await publishMonths(months);
        for (const [place, then] of states.entries()) expect(await state(place + 1)).toEqual(then);
        const latest = states.length;
        const to = Math.ceil(latest / 2);
        await rollBack(to);
        expect(await state()).toEqual(states[to - 1]);
        expect(await state(latest)).toEqual(states.at(-1));
        expect(await changesNotExplained(pool(), latest + 1)).toEqual([]);
        await publishReports(pool(), reports, false, 1, 'rebuild');
        expect(await state()).toEqual(states.at(-1));
        expect(await changesNotExplained(pool(), latest + 2)).toEqual([]);
      }),
      { numRuns: propertyRuns(8) },
    );
  });

  it('is restored with the films behind its rows', async () => {
    await publishMonths([month(['1', '10'], ['2', '20'])]);
    const then = await contributions();
    await takeMonth(pool(), month(['1', '11'], ['3', '30']), '2017-02');
    await publishReports(pool(), reports, false);
    expect(await contributions()).not.toEqual(then);
    await rollBack(1);
    expect(await contributions()).toEqual(then);
  });

  it('is restored without the films behind its rows where they were told in other columns', async () => {
    const states = await publishMonths([month(['1', '10'], ['2', '20']), month(['1', '11'])]);
    const definitions = await withAnotherColumn('genre_report');
    await publishReports(pool(), definitions, false);
    await inTransaction(pool(), (client) => rollback(client, definitions, { to: 1, runId: null }));
    expect(await state()).toEqual(states[0]);
    expect(await changesNotExplained(pool(), 4)).toEqual([]);
    expect(await budgetCauses(4)).toEqual([
      { kind: 'rollback', from: 3, to: 1 },
      { kind: 'definition', amounts: { budget: '-1' } },
    ]);
    const { rows } = await pool().query(
      `select to_regclass('support.contribution_genre_report') as other,
         to_regclass('support.contribution_movie_genre_report')::text as same`,
    );
    expect(rows).toEqual([{ other: null, same: 'support.contribution_movie_genre_report' }]);
    await publishReports(pool(), reports, false);
    expect(await state()).toEqual(states[1]);
    expect(await changesNotExplained(pool(), 5)).toEqual([]);
    expect((await budgetCauses(5)).at(-1)).toEqual({ kind: 'not kept', amounts: { budget: '1' } });
  });

  it('tells the films behind a definition that knows more of them, and none that brought the same', async () => {
    await publishMonths([month(['1', '10'], ['2', '20'])]);
    await takeMonth(pool(), month(['1', '11']), '2017-02');
    await publishReports(pool(), await withAnotherColumn('genre_report'), false);
    expect(await budgetCauses(2)).toMatchObject([
      { kind: 'definition' },
      { kind: 'changed', movie_id: 1, fields: [{ field: 'budget', old: '10', new: '11' }] },
    ]);
    expect(await changesNotExplained(pool(), 2)).toEqual([]);
  });

  async function budgetCauses(publication: number): Promise<object[]> {
    const { rows } = await pool().query(
      `select cause from reporting.report_change
       where publication = $1 and report = 'genre_report' and column_name = 'budget'`,
      [publication],
    );
    expect(rows).toHaveLength(1);
    return rows[0].cause;
  }

  /** The reports, of which one tells more of each film than it did. */
  async function withAnotherColumn(name: string) {
    const { sqlFile } = reports.find((report) => report.name === name)!;
    const more = join(tmpdir(), `marquee-another-column-${process.pid}.sql`);
    await writeFile(
      more,
      (await readFile(sqlFile, 'utf8')).replace('  movies.status,', '  movies.status,\n  1 as more,'),
    );
    return reports.map((report) => (report.name === name ? { ...report, sqlFile: more } : report));
  }

  it('is told as the publication that a rollback restores, with its day and files', async () => {
    await publishMonths([month(['1', '10']), month(['1', '11'])]);
    expect(await rollBack(1)).toMatchObject({ publication: 3, restores: 1 });
    const [third, , first] = await listPublications(pool());
    expect(third).toMatchObject({ number: 3, reason: 'rollback', restores: 1, asOfDay: '2017-01-31' });
    expect(third!.rowCounts).toEqual(first!.rowCounts);
    const { rows } = await database.pools.reader.query(
      `select old_value, new_value, cause from reporting.report_change
       where publication = 3 and report = 'genre_report' and column_name = 'budget'`,
    );
    expect(rows).toMatchObject([
      {
        old_value: '11',
        new_value: '10',
        cause: [
          { kind: 'rollback', from: 2, to: 1 },
          { kind: 'changed', movie_id: 1, period: '2017-01', amounts: { budget: '-1' } },
        ],
      },
    ]);
  });

  it('is retained whatever is published after it that changes no row', async () => {
    const states = await publishMonths([month(['1', '10']), month(['1', '11']), month(['1', '12'])]);
    for (const period of ['2017-04', '2017-05']) {
      await takeMonth(pool(), month(['1', '12']), period);
      await checkAll(pool(), await buildAll(pool(), reports, false));
      const published = await inTransaction(pool(), (client) =>
        publish(client, reports, { runId: null, retainedPublications: 2 }),
      );
      expect(published).toMatchObject({ published: true, changes: { genre_report: { updated: 0 } } });
    }
    expect(await rollBack(3, 2)).toMatchObject({ publication: 6, changes: { genre_report: { updated: 0 } } });
    expect(await state(1)).toEqual(states[0]);
    await rollBack(1, 2);
    expect(await state()).toEqual(states[0]);
    // The changes of 3 and 7 are kept, and none before.
    expect(await state(2)).toEqual(states[1]);
    await expect(state(1)).rejects.toMatchObject({ code: 'publication_not_retained' });
  });

  it('is refused when it is not there, is what is served, or is no longer retained', async () => {
    await publishMonths([month(['1', '10']), month(['1', '11']), month(['1', '12'])]);
    await expect(rollBack(9)).rejects.toMatchObject({ code: 'publication_unknown' });
    await expect(rollBack(3)).rejects.toMatchObject({ code: 'already_published' });
    await rollBack(2, 2);
    await expect(state(1)).rejects.toMatchObject({
      code: 'publication_not_retained',
      message: expect.stringContaining('The earliest publication that can be read is 2'),
    });
    expect(Object.keys(await state(2))).toHaveLength(reports.length);
  });
});
