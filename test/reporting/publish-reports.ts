import { text } from 'node:stream/consumers';
import type pg from 'pg';
import { inTransaction } from '../../src/database/transaction.js';
import { reports } from '../../src/dataset/reports/reports.js';
import { readAsOf } from '../../src/reporting/build/as-of-day.js';
import { buildReport } from '../../src/reporting/build/build.js';
import { type CheckOutcome, checkReports, refusal } from '../../src/reporting/checks/check.js';
import type { ReportDefinition } from '../../src/reporting/definition/definition.js';
import { exportReport } from '../../src/reporting/explain/export.js';
import { compareBuild } from '../../src/reporting/publish/build-comparison.js';
import { type PublicationReason, type PublishResult, publish } from '../../src/reporting/publish/publish.js';
import { readCsv } from '../oracle/vendor-csv.js';

/**
 * Builds all reports, each in its own transaction as their jobs do; whole unless told, since tests write into the
 * warehouse without telling when.
 */
export async function buildAll(
  pool: pg.Pool,
  definitions: readonly ReportDefinition[] = reports,
  whole = true,
): Promise<string> {
  const { asOfDay } = await inTransaction(pool, readAsOf);
  for (const definition of definitions) {
    await inTransaction(pool, (client) => buildReport(client, definition, { asOfDay, runId: null, whole }));
  }
  return asOfDay;
}

/** Checks the builds and keeps the outcomes. */
export function checkAll(
  pool: pg.Pool,
  asOfDay: string,
  definitions: readonly ReportDefinition[] = reports,
  maxLossShare?: number,
): Promise<CheckOutcome[]> {
  return inTransaction(pool, (client) =>
    checkReports(client, definitions, { asOfDay, runId: null, maxLossShare }),
  );
}

/** From the warehouse to what readers see; `maxLossShare` 1 where a report may lose all of its rows. */
export async function publishReports(
  pool: pg.Pool,
  definitions: readonly ReportDefinition[] = reports,
  whole = true,
  maxLossShare?: number,
  reason: PublicationReason = 'load',
): Promise<PublishResult> {
  const asOfDay = await buildAll(pool, definitions, whole);
  const refused = refusal(await checkAll(pool, asOfDay, definitions, maxLossShare), null);
  if (refused !== undefined) throw refused;
  return inTransaction(pool, (client) => publish(client, definitions, { runId: null, reason }));
}

/** Publishes what files touched as the jobs do, with the comparison beforehand; a report may lose all of its rows. */
export async function publishAsJobs(
  pool: pg.Pool,
  definitions: readonly ReportDefinition[] = reports,
): Promise<PublishResult> {
  const asOfDay = await buildAll(pool, definitions, false);
  const refused = refusal(await checkAll(pool, asOfDay, definitions, 1), null);
  if (refused !== undefined) throw refused;
  for (const definition of definitions) {
    await inTransaction(pool, (client) => compareBuild(client, definition, null));
  }
  return inTransaction(pool, (client) => publish(client, definitions, { runId: null }));
}

export function report(name: string): ReportDefinition {
  return reports.find((definition) => definition.name === name)!;
}

/** A report as its CSV export has it. */
export async function exportedText(pool: pg.Pool, name: string): Promise<string> {
  const client = await pool.connect();
  try {
    return await text(exportReport(client, report(name), 'csv'));
  } finally {
    client.release();
  }
}

/** The CSV exports of all reports, by name. */
export async function allExports(pool: pg.Pool): Promise<Record<string, string>> {
  const exports: Record<string, string> = {};
  for (const { name } of reports) exports[name] = await exportedText(pool, name);
  return exports;
}

/** A report's rows as its CSV export has them: text, null where there is none. */
export async function exportedRows(pool: pg.Pool, name: string): Promise<Record<string, string | null>[]> {
  const [header, ...rows] = readCsv(await exportedText(pool, name));
  return rows.map(({ fields }) =>
    Object.fromEntries(header!.fields.map((column, place) => [column, fields[place] || null])),
  );
}
