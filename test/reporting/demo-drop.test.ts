import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reports } from '../../src/dataset/reports/reports.js';
import type { SampleDrop } from '../../src/dataset/sample/drop-folder.js';
import { writeVegaSample } from '../../src/dataset/sample/vega-sample.js';
import { useDatabase } from '../database-fixture.js';
import { sorted } from '../oracle/compare.js';
import { oracleReports } from '../oracle/oracle.js';
import { readDrops } from '../oracle/read-drops.js';
import { changesNotExplained } from './causes/sums-of-causes.js';
import { takeDrop } from './drops.js';
import { exportedRows, publishReports } from './publish-reports.js';

type Rows = Record<string, string[]>;

describe('the two months of the sample, from files to publications', () => {
  const database = useDatabase();
  const exported: Rows[] = [];
  const expected: Rows[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-demo-'));
    const drops: SampleDrop[] = await writeVegaSample({ outDir: folder });
    const told = [];
    for (const drop of drops) {
      const month = { period: drop.period, folder: join(folder, drop.period) };
      told.push(month);
      await takeDrop(database.pools.pipeline, month.folder, month.period);
      await publishReports(database.pools.pipeline, reports, false);
      exported.push(await allRows());
      const oracle = oracleReports(readDrops(told));
      expected.push(Object.fromEntries(reports.map(({ name }) => [name, sorted(oracle[name]!)])));
    }
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function allRows(): Promise<Rows> {
    const rows: Rows = {};
    for (const { name } of reports) rows[name] = sorted(await exportedRows(database.pools.reader, name));
    return rows;
  }

  it.each(reports)('give the $name that an independent computation gives, to the last digit', ({ name }) => {
    expect(exported[0]![name]).toEqual(expected[0]![name]);
    expect(exported[1]![name]).toEqual(expected[1]![name]);
    expect(exported[1]![name]).not.toEqual(exported[0]![name]);
  });

  it('leave nothing for a whole build to change', async () => {
    expect(await publishReports(database.pools.pipeline, reports, true)).toMatchObject({
      publication: 2,
      published: false,
    });
  });

  it('have for every change between them causes that add up', async () => {
    const { rows } = await database.pools.reader.query(
      'select count(*)::integer as changes from report_change where publication = 2',
    );
    expect(rows[0].changes).toBeGreaterThan(100);
    expect(await changesNotExplained(database.pools.pipeline, 2)).toEqual([]);
  });

  it('would be found out if a cause told another amount', async () => {
    const client = await database.pools.owner.connect();
    try {
      await client.query('begin');
      await client.query(`
        update reporting.report_change
        set cause = jsonb_set(cause, '{0,amounts,budget}', '"1"')
        where id = (
          select min(id) from reporting.report_change
          where publication = 2 and report = 'genre_report' and column_name = 'budget'
        )`);
      const found = await changesNotExplained(client as never, 2);
      expect(found).toMatchObject([{ report: 'genre_report', column_name: 'budget', amount: '1' }]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
