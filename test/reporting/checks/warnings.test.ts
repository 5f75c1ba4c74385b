import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { warningsOf } from '../../../src/reporting/checks/offenders.js';
import { rollback } from '../../../src/reporting/publish/rollback.js';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { filmWorld } from '../film-world.js';
import { publishReports } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

describe('what the checks of a publication warn of', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(pool(), filmWorld({ budget: 100, genres: [16] }, { budget: 7, genres: [16, 18] }));
    await pool().query('update warehouse.genres set name = null where id = 18');
    await publishReports(pool());
  });

  const unnamed = [{ report: 'genre_report', check: 'genres_have_a_name', count: 1 }];

  it('is told once, however often it was built and checked since', async () => {
    expect(await warningsOf(pool(), 1)).toMatchObject(unnamed);
    expect(await publishReports(pool())).toMatchObject({ publication: 1, published: false });
    // Where nothing is touched, nothing is looked at either.
    expect(await publishReports(pool(), reports, false)).toMatchObject({ publication: 1, published: false });
    expect(await warningsOf(pool(), 1)).toMatchObject(unnamed);
    expect(await warningsOf(pool(), 1)).toHaveLength(1);
  });

  it('is told again by the publication that restores it', async () => {
    await pool().query(`update warehouse.genres set name = 'Drama' where id = 18`);
    expect(await publishReports(pool())).toMatchObject({ publication: 2, published: true });
    expect(await warningsOf(pool(), 2)).toEqual([]);
    await back(1);
    await back(2);
    await back(3);
    expect(await warningsOf(pool(), 4)).toEqual([]);
    expect(await warningsOf(pool(), 5)).toMatchObject(unnamed);
  });

  const back = (to: number) =>
    inTransaction(pool(), (client) => rollback(client, reports, { to, runId: null }));
});
