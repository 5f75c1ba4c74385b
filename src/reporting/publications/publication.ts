import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import type { DifferenceCounts, LatestPublication, ReadyBuilds, Reflected, ReflectedDrop } from './types.js';

/**
 * The current publication; undefined before the first.
 * @param which `built`: the newest one that was built from the warehouse, even if a rollback replaced it
 */
export async function latestPublication(
  client: ClientBase,
  which: 'any' | 'built' = 'any',
): Promise<LatestPublication | undefined> {
  const rows = await ledger(client);
  const row = await rows.publication.findFirst({
    where: which === 'built' ? { restores: null } : {},
    orderBy: { number: 'desc' },
  });
  if (row === null) return undefined;
  const asOfDay = dayText(row.as_of_day);
  const drops = row.drops as unknown as ReflectedDrop[];
  const definitions = row.definitions as Record<string, string>;
  return {
    number: row.number,
    asOfDay,
    drops,
    mappingVersion: row.mapping_version,
    rowCounts: row.row_counts as Record<string, number>,
    definitions,
    rules: row.rules as unknown as LatestPublication['rules'],
    restores: row.restores,
    reflects: hashOf(drops, row.mapping_version, asOfDay, definitions),
  };
}

/** YYYY-MM-DD of a column of days, which Prisma Client reads as midnight in UTC. */
function dayText(day: Date): string {
  return day.toISOString().slice(0, 10);
}

/**
 * What the warehouse reflects now: every cleaned file, the mapping they were cleaned with, and the retirements in force. A build
 * keeps it, since the warehouse may have changed by the time the build is published.
 */
export async function readReflected(client: ClientBase): Promise<Reflected> {
  const { rows } = await runSql<Reflected>(
    client,
    sql`/* reporting.read_reflected */
      select
        coalesce((
          select jsonb_agg(
            jsonb_build_object('feed', feed, 'period', period, 'name', name, 'sha256', sha256)
            order by period, feed, sha256
          )
          from source.file
          where state = 'loaded'
            and exists (select from support.file_transform where file_id = file.id)
        ), '[]') as drops,
        coalesce(
          (select max(mapping_version) from support.file_transform),
          (select max(number) from support.mapping_version),
          0
        ) as "mappingVersion",
        coalesce(
          (select jsonb_agg(id order by id) from support.retirement where restored_date is null), '[]'
        ) as retirements`,
  );
  return rows[0]!;
}

/**
 * Hash of the files, the mapping, the as-of day and the definitions that builds reflect. If it equals the hash of the current
 * publication, only differences in rows are a reason to publish.
 */
export function reflectedHash({ reflected, asOfDay, hashes }: ReadyBuilds): string {
  return hashOf(reflected.drops, reflected.mappingVersion, asOfDay, hashes);
}

function hashOf(
  drops: readonly ReflectedDrop[],
  mappingVersion: number,
  asOfDay: string,
  definitions: Readonly<Record<string, string>>,
): string {
  const whole = [drops.map(fileIdentity), mappingVersion, asOfDay, Object.entries(definitions).sort()];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

/** What distinguishes a file from every other one: the same bytes may come for several months. */
export function fileIdentity({ period, sha256 }: Pick<ReflectedDrop, 'period' | 'sha256'>): string {
  return `${period} ${sha256}`;
}

/** The hashes of the definitions that the reports of a publication were built with. */
export async function readDefinitions(
  client: ClientBase,
  publication: number,
): Promise<Readonly<Record<string, string>>> {
  const rows = await ledger(client);
  const { definitions } = await rows.publication.findUniqueOrThrow({
    where: { number: publication },
    select: { definitions: true },
  });
  return definitions as Record<string, string>;
}

interface NewPublication {
  number: number;
  runId: string | null;
  reason: string;
  builds: ReadyBuilds;
  rowCounts: Readonly<Record<string, number>>;
  changes: Readonly<Record<string, DifferenceCounts>>;
}

/** Writes the row of a publication, with the time of the database's clock. */
export async function insertPublication(client: ClientBase, publication: NewPublication): Promise<void> {
  const { number, runId, reason, builds, rowCounts, changes } = publication;
  const checks = builds.checks.map(({ report, name, severity, offenderCount, acceptedBy }) => ({
    report,
    check: name,
    severity,
    offenders: offenderCount,
    ...((acceptedBy ?? null) === null ? {} : { acceptedBy }),
  }));
  const checkState = checks.some((check) => check.offenders > 0) ? 'warned' : 'passed';
  await runSql(
    client,
    sql`/* reporting.insert_publication */
      insert into reporting.publication
        (number, published_date, run_id, reason, as_of_day, period, drops, mapping_version, row_counts, changes,
         check_state, checks, definitions, rules)
      values (
        ${number}, clock_timestamp(), ${runId}, ${reason}, ${builds.asOfDay}, ${builds.asOfDay.slice(0, 7)},
        ${JSON.stringify(builds.reflected.drops)}, ${builds.reflected.mappingVersion}, ${JSON.stringify(rowCounts)},
        ${JSON.stringify(changes)}, ${checkState}, ${JSON.stringify(checks)}, ${JSON.stringify(builds.hashes)},
        ${JSON.stringify(builds.rules)}
      )`,
  );
}

interface Rollback {
  number: number;
  runId: string | null;
  /** The publication that is restored. */
  to: number;
  changes: Readonly<Record<string, DifferenceCounts>>;
}

/** Writes the row of a rollback's publication, which is based on the same data as the restored one. Returns its rows per report. */
export async function insertRollback(
  client: ClientBase,
  { number, runId, to, changes }: Rollback,
): Promise<Record<string, number>> {
  const { rows } = await runSql<{ rowCounts: Record<string, number> }>(
    client,
    sql`/* reporting.insert_rollback */
      insert into reporting.publication
        (number, published_date, run_id, reason, as_of_day, period, drops, mapping_version, row_counts, changes,
         check_state, checks, definitions, rules, restores)
      select ${number}, clock_timestamp(), ${runId}, 'rollback', as_of_day, period, drops, mapping_version, row_counts,
        ${JSON.stringify(changes)}, check_state, checks, definitions, rules, number
      from reporting.publication
      where number = ${to}
      returning row_counts as "rowCounts"`,
  );
  return rows[0]!.rowCounts;
}

/** A publication in a list. */
export interface ListedPublication {
  readonly number: number;
  readonly publishedDate: Date;
  readonly reason: string;
  readonly restores: number | null;
  /** YYYY-MM-DD */
  readonly asOfDay: string;
  readonly period: string;
  readonly mappingVersion: number;
  readonly checkState: string;
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
  readonly runId: string | null;
}

/** All publications, newest first. */
export async function listPublications(client: Queryable): Promise<ListedPublication[]> {
  const rows = await ledger(client);
  const publications = await rows.publication.findMany({
    orderBy: { number: 'desc' },
    omit: { drops: true, checks: true, definitions: true, rules: true },
  });
  return publications.map((row) => ({
    number: row.number,
    publishedDate: row.published_date,
    reason: row.reason,
    restores: row.restores,
    asOfDay: dayText(row.as_of_day),
    period: row.period,
    mappingVersion: row.mapping_version,
    checkState: row.check_state,
    rowCounts: row.row_counts as Record<string, number>,
    changes: row.changes as unknown as Record<string, DifferenceCounts>,
    runId: row.run_id,
  }));
}

/**
 * The number of the current publication.
 * @throws Fault `nothing_published` before the first
 */
export async function requirePublication(client: Queryable): Promise<number> {
  const { rows } = await runSql<{ newest: number | null }>(
    client,
    sql`/* reporting.read_newest_publication */ select max(number) as newest from reporting.publication`,
  );
  const { newest } = rows[0]!;
  if (newest === null) {
    throw new Fault('nothing_published', 'Nothing is published yet: ingest a drop first.');
  }
  return newest;
}
