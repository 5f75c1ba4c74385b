import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { Fault } from '../../fault.js';
import type { DifferenceCounts, LatestPublication, ReadyBuilds, Reflected, ReflectedDrop } from './types.js';

/**
 * The publication readers see; undefined before the first.
 * @param which `built`: the newest that was made from the warehouse, where readers see one that a rollback made
 */
export async function latestPublication(
  client: ClientBase,
  which: 'any' | 'built' = 'any',
): Promise<LatestPublication | undefined> {
  const { rows } = await client.query<Omit<LatestPublication, 'reflects'>>(
    `/* reporting.latest_publication */
     select number, as_of_day::text as "asOfDay", drops, mapping_version as "mappingVersion",
       row_counts as "rowCounts", definitions, restores
     from reporting.publication
     where $1 = 'any' or restores is null
     order by number desc
     limit 1`,
    [which],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return { ...row, reflects: hashOf(row.drops, row.mappingVersion, row.asOfDay, row.definitions) };
}

/**
 * What the warehouse reflects now: every file that went into it, the mapping it was cleaned with, and what is retired by
 * hand. A build keeps it, since by the time it is published the warehouse may have gone on.
 */
export async function readReflected(client: ClientBase): Promise<Reflected> {
  const { rows } = await client.query<Reflected>(
    `/* reporting.read_reflected */
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

/** Hash of what builds reflect with the as-of day and the definitions: the same means nothing to publish but differences. */
export function reflectedHash({ reflected, asOfDay, hashes }: ReadyBuilds): string {
  return hashOf(reflected.drops, reflected.mappingVersion, asOfDay, hashes);
}

function hashOf(
  drops: readonly ReflectedDrop[],
  mappingVersion: number,
  asOfDay: string,
  definitions: Readonly<Record<string, string>>,
): string {
  const whole = [
    drops.map((drop) => drop.sha256),
    mappingVersion,
    asOfDay,
    Object.entries(definitions).sort(),
  ];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

/** The hashes of the definitions by which the reports of a publication were built. */
export async function readDefinitions(
  client: ClientBase,
  publication: number,
): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ definitions: Record<string, string> }>(
    '/* reporting.read_definitions */ select definitions from reporting.publication where number = $1',
    [publication],
  );
  return rows[0]!.definitions;
}

interface NewPublication {
  number: number;
  runId: string | null;
  reason: string;
  builds: ReadyBuilds;
  rowCounts: Readonly<Record<string, number>>;
  changes: Readonly<Record<string, DifferenceCounts>>;
}

export async function insertPublication(client: ClientBase, publication: NewPublication): Promise<void> {
  const { number, runId, reason, builds, rowCounts, changes } = publication;
  const checks = builds.checks.map(({ report, name, severity, offenderCount, acceptedBy }) => ({
    report,
    check: name,
    severity,
    offenders: offenderCount,
    ...((acceptedBy ?? null) === null ? {} : { acceptedBy }),
  }));
  await client.query(
    `/* reporting.insert_publication */
     insert into reporting.publication
       (number, published_date, run_id, reason, as_of_day, period, drops, mapping_version, row_counts, changes,
        check_state, checks, definitions)
     values ($1, clock_timestamp(), $2, $3, $4, to_char($4::date, 'YYYY-MM'), $5, $6, $7, $8, $9, $10, $11)`,
    [
      number,
      runId,
      reason,
      builds.asOfDay,
      JSON.stringify(builds.reflected.drops),
      builds.reflected.mappingVersion,
      JSON.stringify(rowCounts),
      JSON.stringify(changes),
      checks.some((check) => check.offenders > 0) ? 'warned' : 'passed',
      JSON.stringify(checks),
      JSON.stringify(builds.hashes),
    ],
  );
}

interface Rollback {
  number: number;
  runId: string | null;
  /** The publication that is restored. */
  to: number;
  changes: Readonly<Record<string, DifferenceCounts>>;
}

/** Writes the publication of a rollback, which stands on what the restored one stood on; gives its rows per report. */
export async function insertRollback(
  client: ClientBase,
  { number, runId, to, changes }: Rollback,
): Promise<Record<string, number>> {
  const { rows } = await client.query<{ rowCounts: Record<string, number> }>(
    `/* reporting.insert_rollback */
     insert into reporting.publication
       (number, published_date, run_id, reason, as_of_day, period, drops, mapping_version, row_counts, changes,
        check_state, checks, definitions, restores)
     select $1, clock_timestamp(), $2, 'rollback', as_of_day, period, drops, mapping_version, row_counts, $4,
       check_state, checks, definitions, number
     from reporting.publication
     where number = $3
     returning row_counts as "rowCounts"`,
    [number, runId, to, JSON.stringify(changes)],
  );
  return rows[0]!.rowCounts;
}

/** A publication as a list shows it. */
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
export async function listPublications(client: Pick<ClientBase, 'query'>): Promise<ListedPublication[]> {
  const { rows } = await client.query<ListedPublication>(
    `/* reporting.list_publications */
     select number, published_date as "publishedDate", reason, restores, as_of_day::text as "asOfDay", period,
       mapping_version as "mappingVersion", check_state as "checkState", row_counts as "rowCounts", changes,
       run_id as "runId"
     from reporting.publication
     order by number desc`,
  );
  return rows;
}

/**
 * The number of the publication that is served.
 * @throws Fault `nothing_published` when nothing is
 */
export async function requirePublication(client: Pick<ClientBase, 'query'>): Promise<number> {
  const { rows } = await client.query<{ newest: number | null }>(
    '/* reporting.newest_publication */ select max(number) as newest from reporting.publication',
  );
  const { newest } = rows[0]!;
  if (newest === null) {
    throw new Fault('nothing_published', 'Nothing is published yet: ingest a drop first.');
  }
  return newest;
}
