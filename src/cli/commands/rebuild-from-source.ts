import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../../jobs/rebuild-warehouse.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { readSteps, type Step } from '../../queue/ledger/step-ledger.js';
import type { ReportComparison, ServedDifference } from '../../reporting/build/verify-reports.js';
import type { RowDifference, TableComparison } from '../../warehouse/rebuild/compare-rebuilt.js';
import { count, print } from '../output/terminal.js';
import { followToSuccess } from '../runs/follow.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

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

/**
 * The warehouse anew from source on the side, compared with the one in use, and the reports of it with those served. Exit 1
 * and the differences, when there are any.
 */
export async function verifyWarehouse(options: Options): Promise<void> {
  await withRun(verifyWarehouseFlow, options, async (run, steps) => {
    const tables = countsOf<TableComparison>(steps, 'compare-table');
    const [served] = countsOf<ServedComparison>(steps, 'compare-reports');
    const { compared, reports } = served!;
    const differing = tables.filter((table) => table.differences > 0);
    const otherReports = reports.filter((report) => report.differences > 0);
    const rows = total(tables, (table) => table.rows);
    const differences =
      total(differing, (table) => table.differences) + total(otherReports, (report) => report.differences);
    if (options.json) {
      const told = { rows, differences, tables: differing, reportsCompared: compared, reports: otherReports };
      print(JSON.stringify({ ...told, run: run.id }));
    } else {
      if (differing.length === 0) {
        print(`The warehouse is what its source says: ${count(rows)} rows of ${tables.length} tables agree.`);
      }
      for (const { table, differences: found, shown } of differing) {
        print(`${table}: ${count(found)} ${found === 1 ? 'row differs' : 'rows differ'}`);
        list(shown.map(describe), found);
      }
      if (!compared) {
        print(
          'The reports were not compared: what is served is not made from the warehouse as it is; publish it with marquee rebuild and verify again.',
        );
      } else if (otherReports.length === 0) {
        const reported = count(total(reports, (report) => report.rows));
        print(`The reports are what it says, too: ${reported} rows of ${reports.length} reports agree.`);
      }
      for (const { report, differences: found, shown } of otherReports) {
        print(`${report}: ${count(found)} ${found === 1 ? 'value differs' : 'values differ'}`);
        list(shown.map(describeServed), found);
      }
    }
    if (differences > 0) process.exitCode = 1;
  });
}

/** What `compare-reports` keeps in the ledger. */
interface ServedComparison {
  readonly compared: boolean;
  readonly reports: readonly ReportComparison[];
}

function countsOf<Counts>(steps: readonly Step[], jobName: string): Counts[] {
  return steps.filter((step) => step.jobName === jobName).map((step) => step.counts as unknown as Counts);
}

function total<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + pick(item), 0);
}

function list(lines: readonly string[], found: number): void {
  for (const line of lines) print(`  ${line}`);
  if (found > lines.length) print(`  ... and ${count(found - lines.length)} more`);
}

async function withRun(
  flow: typeof rebuildWarehouseFlow,
  options: Options,
  tell: (run: Run, steps: readonly Step[]) => Promise<void>,
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
      await tell(ended, await readSteps(environment.pool('pipeline'), run.id));
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

function describeServed({ key, change, column, served, built }: ServedDifference): string {
  const name = Object.entries(key)
    .map(([field, value]) => `${field}=${value}`)
    .join(',');
  if (change !== 'update') return `${name}: only ${change === 'delete' ? 'served' : 'in the rebuild'}`;
  return `${name}: ${column} is ${JSON.stringify(served)}, rebuilt ${JSON.stringify(built)}`;
}
