import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { compareBuild } from '../../../src/reporting/publish/build-comparison.js';
import { publish } from '../../../src/reporting/publish/publish.js';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { filmWorld } from '../film-world.js';
import { buildAll, checkAll, publishReports, report } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

describe('comparing a build with what is served', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(pool(), filmWorld({ title: 'Up', budget: 30, genres: [16, 35] }, { genres: [18] }));
    await publishReports(pool());
    await pool().query('update warehouse.movies set budget = 40, popularity = 2 where movie_id = 1');
  });

  const compareAll = async () => {
    const compared = [];
    for (const definition of reports) {
      compared.push(await inTransaction(pool(), (client) => compareBuild(client, definition, null)));
    }
    return compared;
  };
  const publishBuilds = () => inTransaction(pool(), (client) => publish(client, reports, { runId: null }));
  const changes = async (publication: number) =>
    (
      await database.pools.reader.query(
        `select report, row_key, change, column_name, old_value, new_value, cause
         from report_change where publication = $1 order by id`,
        [publication],
      )
    ).rows;

  /** What is told of the change when the publication compares by itself, as it does where nobody did before. */
  async function toldByPublicationAlone() {
    await checkAll(pool(), await buildAll(pool()));
    await publishBuilds();
    const told = await changes(2);
    await pool().query('update warehouse.movies set budget = 30, popularity = null where movie_id = 1');
    await publishReports(pool());
    await pool().query('update warehouse.movies set budget = 40, popularity = 2 where movie_id = 1');
    return told;
  }

  it('beforehand tells the same as the publication by itself', async () => {
    const told = await toldByPublicationAlone();
    await checkAll(pool(), await buildAll(pool()));
    const compared = await compareAll();
    expect(compared[reports.indexOf(report('genre_report'))]).toEqual({
      publication: 3,
      counts: { inserted: 0, updated: 2, deleted: 0 },
      differences: 4,
      contributions: 2,
    });
    await publishBuilds();
    expect(told.length).toBeGreaterThan(0);
    expect(await changes(4)).toEqual(told);
  });

  it('is done again where it was with another publication', async () => {
    await checkAll(pool(), await buildAll(pool()));
    await compareAll();
    await pool().query(
      `update support.report_build set comparison = comparison || '{"publication": 0, "differences": 0, "contributions": 0}'`,
    );
    for (const { name } of reports) {
      await pool().query(`delete from support.build_difference_${name}`);
      await pool().query(`delete from support.build_change_${name}`);
    }
    expect(await publishBuilds()).toMatchObject({
      publication: 2,
      changes: { genre_report: { inserted: 0, updated: 2, deleted: 0 } },
    });
    expect((await changes(2)).filter((change) => change.report === 'genre_report')).toHaveLength(4);
  });

  it('is missed, not taken for no differences, where the database lost what was found', async () => {
    await checkAll(pool(), await buildAll(pool()));
    await compareAll();
    await pool().query('delete from support.build_difference_genre_report');
    await expect(publishBuilds()).rejects.toMatchObject({ code: 'build_lost' });
  });

  it('finds nothing to compare where there is no build, or nothing was published', async () => {
    expect(await compareAll()).toEqual(reports.map(() => null));
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(pool(), filmWorld({}));
    await buildAll(pool());
    expect(await compareAll()).toEqual(reports.map(() => null));
  });
});
