import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { reports } from '../../src/dataset/reports/reports.js';
import { sorted } from '../oracle/compare.js';
import { accountsOf } from '../oracle/file-accounts.js';
import { oracleReports } from '../oracle/oracle.js';
import { randomDrops } from '../oracle/random-drops.js';
import { readDrops } from '../oracle/read-drops.js';
import { useDropFolders } from '../reporting/drop-folders.js';
import { allExports, exportedRows } from '../reporting/publish-reports.js';
import { unaccounted } from '../warehouse/unaccounted.js';
import { usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const folders = useDropFolders();
const by = { requestedBy: 'test' };

it('random files give the reports that an independent calculation gives, when loaded by the jobs and when rebuilt', {
  timeout: 300_000,
}, async () => {
  const { database, worker, ended } = pipeline;
  const samples = fc.sample(randomDrops(4), { numRuns: 40 });
  // One with a month that comes late.
  const drops = samples.find(([first, second, ...others]) =>
    others.some(({ period }) => period < first!.period && period < second!.period),
  )!;
  const written = await folders.write(drops);
  for (const [place, { folder, period }] of written.entries()) {
    const payload = { folder, period, acceptedBy: 'test' };
    expect(await ended(await worker.runs.start(dropFlow, payload, by))).toMatchObject({ state: 'succeeded' });
    const expected = oracleReports(readDrops(written.slice(0, place + 1)));
    for (const { name } of reports) {
      const rows = sorted(await exportedRows(database.pools.reader, name));
      expect(rows, JSON.stringify(drops.slice(0, place + 1))).toEqual(sorted(expected[name]!));
    }
  }
  expect(await unaccounted(database.pools.pipeline, accountsOf(written)), JSON.stringify(drops)).toEqual([]);
  const kept = await allExports(database.pools.reader);
  expect(await ended(await worker.runs.start(rebuildWarehouseFlow, {}, by))).toMatchObject({
    state: 'succeeded',
  });
  expect(await allExports(database.pools.reader)).toEqual(kept);
});
