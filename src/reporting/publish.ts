import type { ClientBase } from 'pg';
import { updateCatalog } from './catalog.js';
import type { ReportDefinition } from './definition.js';
import { updateDictionary } from './dictionary.js';
import {
  applyDifferences,
  collectDifferences,
  type DifferenceCounts,
  insertBuild,
  recordDifferences,
} from './difference.js';
import { generalCauses, retirementsSince } from './general-causes.js';
import { insertPublication, latestPublication, readReflected } from './publication.js';
import { type ReadyBuilds, readyBuilds } from './ready-builds.js';
import { buildTable } from './sql-names.js';

export interface PublishOptions {
  readonly runId: string | null;
  /** Why: a drop was loaded, or the reports were rebuilt. */
  readonly reason?: 'load' | 'rebuild' | undefined;
  /** Changes of how many publications are kept, so that their states can be shown again; 24 unless told. */
  readonly retainedPublications?: number | undefined;
}

export interface PublishResult {
  /** The publication readers see now. */
  readonly publication: number;
  /** False when nothing differed from it: then nothing was written. */
  readonly published: boolean;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
}

export const defaultRetainedPublications = 24;

/**
 * Makes the checked builds of a run what readers see: applies the differences to all reports and writes them,
 * the publication and the catalog, all in the caller's transaction. Readers see the old state until its commit
 * and the new one after it. Drops the builds. Where the builds, the drops, the as-of day, the mapping and the
 * definitions are as in the latest publication, there is nothing to publish.
 *
 * @throws as `readyBuilds` does
 */
export async function publish(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  { runId, reason = 'load', retainedPublications = defaultRetainedPublications }: PublishOptions,
): Promise<PublishResult> {
  await client.query(
    `/* reporting.lock_publication */ select pg_advisory_xact_lock(hashtextextended('marquee.publication', 0))`,
  );
  const builds = await readyBuilds(client, definitions, runId);
  const previous = await latestPublication(client);
  const reflected = await readReflected(client, builds);
  const isNew = ({ name }: ReportDefinition) => previous?.rowCounts[name] === undefined;

  const changes: Record<string, DifferenceCounts> = {};
  for (const definition of definitions) {
    changes[definition.name] = isNew(definition)
      ? { inserted: builds.rowCounts[definition.name]!, updated: 0, deleted: 0 }
      : await collectDifferences(client, definition);
  }
  const different = Object.values(changes).some(
    (count) => count.inserted + count.updated + count.deleted > 0,
  );
  const published = different || previous === undefined || previous.reflects !== reflected.hash;
  const number = published ? (previous?.number ?? 0) + 1 : previous.number;
  if (published) {
    const retirements = previous === undefined ? [] : await retirementsSince(client, previous.number);
    await insertPublication(client, { number, runId, reason, builds, reflected, changes });
    for (const definition of definitions) {
      if (isNew(definition)) {
        await insertBuild(client, definition);
        await recordFirst(client, definition, number, builds);
      } else {
        await applyDifferences(client, definition);
        const causes = generalCauses(definition.name, previous, builds, reflected);
        await recordDifferences(client, definition, number, [...causes, ...retirements]);
      }
    }
    await updateCatalog(client, definitions, number, builds.rowCounts, changes);
    await updateDictionary(client, definitions);
    await forgetChanges(client, number - retainedPublications);
    // Whoever caches by publication may listen; delivered at the commit, not before.
    await client.query(`/* reporting.notify */ select pg_notify('marquee_publication', $1)`, [
      String(number),
    ]);
  }
  await settle(client, definitions, runId, number);
  return { publication: number, published, changes };
}

/** The first publication of a report is one change: to list each row would double it and tell nothing. */
async function recordFirst(
  client: ClientBase,
  definition: ReportDefinition,
  number: number,
  builds: ReadyBuilds,
): Promise<void> {
  const rows = builds.rowCounts[definition.name];
  await client.query(
    `/* reporting.record_first */
     insert into reporting.report_change (publication, report, row_key, change, cause)
     values ($1, $2, '{}', 'insert', $3)`,
    [number, definition.name, JSON.stringify([{ kind: 'first publication', rows }])],
  );
}

async function forgetChanges(client: ClientBase, upTo: number): Promise<void> {
  await client.query(
    '/* reporting.forget_changes */ delete from reporting.report_change where publication <= $1',
    [upTo],
  );
}

/** Ties the check results to the publication and drops the builds. */
async function settle(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
  number: number,
): Promise<void> {
  await client.query(
    `/* reporting.settle_checks */
     update support.check_result set publication = $2
     where run_id is not distinct from $1 and publication is null`,
    [runId, number],
  );
  const names = definitions.map((definition) => definition.name);
  await client.query(
    '/* reporting.settle_builds */ delete from support.report_build where report = any($1)',
    [names],
  );
  for (const name of names) {
    await client.query(`/* reporting.drop_build */ drop table if exists ${buildTable(name)}`);
  }
}
