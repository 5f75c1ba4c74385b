import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { render, runSql, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { markTable } from '../sql/table-names.js';
import { buildReport } from './build.js';

/**
 * Builds again what a crash of the database emptied, in the caller's transaction: for the same day, and whole if it was whole.
 * Call it before builds are read; concurrent calls wait for each other.
 * @returns the names of the reports that were built again
 * @throws as `buildReport` does
 */
export async function restoreLostBuilds(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
): Promise<string[]> {
  await runSql(
    client,
    sql`/* reporting.lock_builds */ select pg_advisory_xact_lock(hashtextextended('marquee.builds', 0))`,
  );
  const { reportBuild } = await ledger(client);
  const builds = await reportBuild.findMany({
    where: { run_id: runId, report: { in: definitions.map(({ name }) => name) } },
    select: { report: true, as_of_day: true, base_publication: true },
  });
  const restored: string[] = [];
  for (const definition of definitions) {
    const build = builds.find(({ report }) => report === definition.name);
    if (build === undefined || (await isMarked(client, definition))) continue;
    await buildReport(client, definition, {
      asOfDay: build.as_of_day.toISOString().slice(0, 10),
      runId,
      whole: build.base_publication === null,
    });
    restored.push(definition.name);
  }
  return restored;
}

/** Whether the build is as complete as it was when it was committed, see `markBuild`. */
async function isMarked(client: ClientBase, { name }: ReportDefinition): Promise<boolean> {
  const { rows } = await runSql<{ known: boolean }>(
    client,
    sql`/* reporting.find_mark */ select to_regclass(${render(markTable(name)).text}) is not null as known`,
  );
  if (!rows[0]!.known) return false;
  const { rowCount } = await runSql(
    client,
    sql`/* reporting.read_mark */ select from ${markTable(name)} limit 1`,
  );
  return rowCount === 1;
}
