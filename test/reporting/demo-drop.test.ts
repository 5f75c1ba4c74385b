import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reports } from '../../src/dataset/reports/reports.js';
import type { SampleDrop } from '../../src/dataset/sample/drop-folder.js';
import { writeVegaSample } from '../../src/dataset/sample/vega-sample.js';
import { type Trace, trace } from '../../src/reporting/trace.js';
import { useDatabase } from '../database-fixture.js';
import { sorted } from '../oracle/compare.js';
import { oracleReports } from '../oracle/oracle.js';
import { readDrops } from '../oracle/read-drops.js';
import { takeDrop } from './drops.js';
import { exportedRows, publishReports, report } from './publish-reports.js';
import { changesNotExplained } from './sums-of-causes.js';

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

  it.each(reports)(
    'trace every cell of $name to records that were sent',
    { timeout: 300_000 },
    async ({ name }) => {
      const definition = report(name);
      const { rows } = await database.pools.pipeline.query(
        `select ${definition.key.join(', ')} from reporting.${name}`,
      );
      const faults: unknown[] = [];
      const lane = async (): Promise<void> => {
        for (let key = rows.pop(); key !== undefined; key = rows.pop()) {
          const traced = await trace(database.pools.pipeline, definition, key);
          faults.push(...faultsOf(definition.columns, traced).map((fault) => ({ key, fault })));
        }
      };
      expect(rows.length).toBeGreaterThan(20);
      await Promise.all([lane(), lane()]);
      expect(faults).toEqual([]);
    },
  );

  /** What is wrong with a trace: cells that their films do not sum up to, films without their record. */
  function faultsOf(columns: (typeof reports)[number]['columns'], { row, entities }: Trace): string[] {
    const wrong = columns
      .filter(({ sum }) => sum !== undefined)
      .filter(({ name, sum }) => {
        const amounts = entities.map((entity) => entity.amounts[name]).filter((amount) => amount != null);
        const total = amounts.reduce((sofar, amount) => sofar + Number(amount), 0);
        if (amounts.length === 0) return Number(row[name] ?? 0) !== 0;
        // A sum of shares is rounded; each share is told to its own last digit.
        const least =
          sum!.places === undefined ? 0 : 10 ** -sum!.places * (0.5 + 0.5 * amounts.length) + 1e-6;
        return Math.abs(total - Number(row[name])) > least;
      });
    const lost = entities.filter(
      ({ entity, raw, version, record, mappingVersion, file, counted, why }) =>
        Number(raw?.id) !== entity ||
        !(version > 0 && record > 0 && mappingVersion === 1 && file === 'movies_metadata.csv') ||
        counted !== (why === null),
    );
    return [
      ...(entities.length === 0 ? ['no film'] : []),
      ...wrong.map((column) => column.name),
      ...lost.map((entity) => `film ${entity.entity}`),
    ];
  }
});
