import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { rebuildReportsFlow, rollbackFlow } from '../../jobs/report-flows.js';
import { readSteps } from '../../src/queue/ledger/step-ledger.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const publish = async (period: string, films: Record<string, string>[]) =>
  pipeline.ended(
    await pipeline.worker.runs.start(
      dropFlow,
      { folder: await pipeline.writeDrop(period, { movies_metadata: films }), period },
      by,
    ),
  );

/** What a rebuild from source finds of the reports that are served. */
async function verify() {
  const { run } = await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by);
  const { state, counts } = await pipeline.ended({ run });
  expect(state).toBe('succeeded');
  const steps = await readSteps(pipeline.database.pools.pipeline, run.id);
  const served = steps.find(({ jobName }) => jobName === 'compare-reports')!.counts as unknown as {
    compared: boolean;
    reports: { report: string; rows: number; shown: unknown[] }[];
  };
  return { differences: counts.differences, ...served };
}

describe('the reports of a warehouse rebuilt from source', () => {
  beforeAll(async () => {
    await publish('2017-08', [film('1'), film('2')]);
    await publish('2017-09', [film('2', { budget: '5' }), film('3')]);
  });

  it('equal the reports being served, which the comparison does not change', async () => {
    const kept = () =>
      query(`
        select (select jsonb_agg(s order by s.report) from support.report_state s) as states,
          (select jsonb_agg(b order by b.report) from support.report_build b) as builds,
          (select jsonb_agg(t order by t.file_id, t.table_name) from support.file_transform t) as transforms,
          (select jsonb_agg(c.relname || ' ' || c.oid order by c.relname) from pg_class c
           where c.relnamespace in ('warehouse'::regnamespace, 'reporting'::regnamespace)) as relations`);
    const before = await kept();
    const { differences, compared, reports } = await verify();
    expect({ differences, compared }).toEqual({ differences: 0, compared: true });
    expect(reports).toHaveLength(6);
    expect(reports.find(({ report }) => report === 'movie_score_report')).toMatchObject({
      rows: 3,
      shown: [],
    });
    expect(await kept()).toEqual(before);
  });

  it('differ when a value was changed directly in the database', async () => {
    await query('update reporting.movie_score_report set budget = budget + 1 where movie_id = 2');
    const { differences, reports } = await verify();
    expect(differences).toBe(1);
    expect(
      reports.flatMap(({ report, shown }) => shown.map((one) => ({ report, ...(one as object) }))),
    ).toEqual([
      {
        report: 'movie_score_report',
        key: { movie_id: 2 },
        change: 'update',
        column: 'budget',
        served: '6',
        built: '5',
      },
    ]);
    await query('update reporting.movie_score_report set budget = budget - 1 where movie_id = 2');
  });

  it('are not compared with an earlier state that is served again, until the reports are rebuilt', async () => {
    await pipeline.ended(await pipeline.worker.runs.start(rollbackFlow, { to: 1 }, by));
    expect(await verify()).toMatchObject({ differences: 0, compared: false });
    await pipeline.ended(await pipeline.worker.runs.start(rebuildReportsFlow, {}, by));
    expect(await verify()).toMatchObject({ differences: 0, compared: true });
  });
});
