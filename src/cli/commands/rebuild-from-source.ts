import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../../jobs/rebuild-warehouse.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step.js';
import { readSteps } from '../../queue/ledger/step-ledger.js';
import type { PublishedDifference, ReportComparison } from '../../reporting/build/verify-reports.js';
import type { RowDifference, TableComparison } from '../../warehouse/rebuild/compare-rebuilt.js';
import { printResult } from '../output/print-result.js';
import { count } from '../output/text-format.js';
import { runToSuccess } from '../runs/follow.js';

interface Options {
  readonly json?: boolean;
  readonly mapping?: 'recorded' | 'current';
}

/** Rebuilds the warehouse from source, replaces the current one, and publishes its reports. */
export async function rebuildWarehouse(options: Options): Promise<void> {
  await runFlow(
    'rebuildWarehouse',
    rebuildWarehouseFlow,
    options,
    ({ id, publication, counts: { published } }) => {
      const outcome = published
        ? `Rebuilt from source, and published as publication ${publication}.`
        : `Rebuilt from source; nothing differs: publication ${publication} stays.`;
      printResult(options, { publication, published, run: id }, outcome);
    },
  );
}

/**
 * Rebuilds the warehouse from source next to the current one, and compares both, and their reports. Prints the differences
 * and exits with 1 if there are any.
 */
export async function verifyWarehouse(options: Options): Promise<void> {
  await runFlow('verifyWarehouse', verifyWarehouseFlow, options, (run, steps) => {
    const tables = countsOf<TableComparison>(steps, 'compare-table');
    const [served] = countsOf<ServedComparison>(steps, 'compare-reports');
    const { compared, reports } = served!;
    const otherTables = tables.filter((table) => table.differences > 0);
    const otherReports = reports.filter((report) => report.differences > 0);
    const differences = total([...otherTables, ...otherReports], (each) => each.differences);
    printResult(
      options,
      {
        rows: total(tables, (table) => table.rows),
        differences,
        tables: otherTables,
        reportsCompared: compared,
        reports: otherReports,
        run: run.id,
      },
      [...warehouseLines(tables, otherTables), ...reportLines(compared, reports, otherReports)],
    );
    if (differences > 0) process.exitCode = 1;
  });
}

function warehouseLines(tables: readonly TableComparison[], differing: readonly TableComparison[]): string[] {
  if (differing.length === 0) {
    const rows = count(total(tables, (table) => table.rows));
    return [`The warehouse equals its source: ${rows} rows of ${tables.length} tables agree.`];
  }
  return differing.flatMap(({ table, differences, shown }) => [
    `${table}: ${count(differences)} ${differences === 1 ? 'row differs' : 'rows differ'}`,
    ...listed(shown.map(describe), differences),
  ]);
}

function reportLines(
  compared: boolean,
  reports: readonly ReportComparison[],
  differing: readonly ReportComparison[],
): string[] {
  if (!compared) {
    return [
      'The reports were not compared, because the served ones are not built from the current warehouse. Run marquee rebuild, then verify again.',
    ];
  }
  if (differing.length === 0) {
    const rows = count(total(reports, (report) => report.rows));
    return [`The reports equal it, too: ${rows} rows of ${reports.length} reports agree.`];
  }
  return differing.flatMap(({ report, differences, shown }) => [
    `${report}: ${count(differences)} ${differences === 1 ? 'value differs' : 'values differ'}`,
    ...listed(shown.map(describeServed), differences),
  ]);
}

/** The result of `compare-reports` in the ledger. */
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

function listed(lines: readonly string[], found: number): string[] {
  const more = found > lines.length ? [`... and ${count(found - lines.length)} more`] : [];
  return [...lines, ...more].map((line) => `  ${line}`);
}

async function runFlow(
  action: string,
  flow: typeof rebuildWarehouseFlow,
  { mapping = 'recorded' }: Options,
  report: (run: Run, steps: readonly Step[]) => void,
): Promise<void> {
  await runToSuccess(
    { action, arguments: { mapping } },
    (runs, request) => runs.start(flow, { mapping }, request),
    async (run, environment) => report(run, await readSteps(environment.pool('pipeline'), run.id)),
  );
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

function describeServed({ key, change, column, served, built }: PublishedDifference): string {
  const name = Object.entries(key)
    .map(([field, value]) => `${field}=${value}`)
    .join(',');
  if (change !== 'update') return `${name}: only ${change === 'delete' ? 'served' : 'in the rebuild'}`;
  return `${name}: ${column} is ${JSON.stringify(served)}, rebuilt ${JSON.stringify(built)}`;
}
