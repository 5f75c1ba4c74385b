import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import type { Run } from '../queue/run-ledger.js';
import { readSteps } from '../queue/step-ledger.js';
import type { RowDifference, TableComparison } from '../warehouse/compare-rebuilt.js';
import { commandUser, withEnvironment } from './command.js';
import { followToSuccess } from './follow.js';
import { usePipeline } from './services.js';
import { count, print } from './terminal.js';

interface Options {
  readonly json?: boolean;
  readonly mapping?: 'recorded' | 'current';
}

/** The warehouse anew from source in the place of the one in use, and the reports from it. */
export async function rebuildWarehouse(options: Options): Promise<void> {
  await withRun(rebuildWarehouseFlow, options, async (run) => {
    const { publication } = run;
    const { published } = run.counts;
    print(
      options.json
        ? JSON.stringify({ publication, published, run: run.id })
        : published
          ? `Rebuilt from source, and published as publication ${publication}.`
          : `Rebuilt from source; nothing differs: publication ${publication} stays.`,
    );
  });
}

/** The warehouse anew from source on the side, compared with the one in use. Exit 1 and the differences, when there are any. */
export async function verifyWarehouse(options: Options): Promise<void> {
  await withRun(verifyWarehouseFlow, options, async (run, tables) => {
    const differing = tables.filter((table) => table.differences > 0);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const differences = tables.reduce((sum, table) => sum + table.differences, 0);
    if (options.json) {
      print(JSON.stringify({ rows, differences, tables: differing, run: run.id }));
    } else if (differences === 0) {
      print(`The warehouse is what its source says: ${count(rows)} rows of ${tables.length} tables agree.`);
    } else {
      for (const { table, differences: found, shown } of differing) {
        print(`${table}: ${count(found)} ${found === 1 ? 'row differs' : 'rows differ'}`);
        for (const row of shown) print(`  ${describe(row)}`);
        if (found > shown.length) print(`  ... and ${count(found - shown.length)} more`);
      }
    }
    if (differences > 0) process.exitCode = 1;
  });
}

async function withRun(
  flow: typeof rebuildWarehouseFlow,
  options: Options,
  tell: (run: Run, tables: TableComparison[]) => Promise<void>,
): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const { run } = await pipeline.runs.start(
        flow,
        { mapping: options.mapping ?? 'recorded' },
        { requestedBy: commandUser() },
      );
      const ended = await followToSuccess(pipeline.runs, run.id);
      const steps = await readSteps(environment.pool('pipeline'), run.id);
      await tell(
        ended,
        steps
          .filter((step) => step.jobName === 'compare-table')
          .map((step) => step.counts as unknown as TableComparison),
      );
    } finally {
      await pipeline.close();
    }
  });
}

function describe({ key, validFrom, side, fields }: RowDifference): string {
  const name = Object.entries(key)
    .map(([field, value]) => `${field}=${value}`)
    .join(',');
  const since = validFrom === null ? '' : ` from ${validFrom}`;
  if (side !== 'both') return `${name}${since}: only in the ${side === 'live' ? 'warehouse' : 'rebuild'}`;
  const differing = fields.map(
    ({ field, live, rebuilt }) => `${field} is ${JSON.stringify(live)}, rebuilt ${JSON.stringify(rebuilt)}`,
  );
  return `${name}${since}: ${differing.join('; ')}`;
}
