import type { ClientBase } from 'pg';
import { raw, runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import { dropBuild } from '../build/drop-build.js';
import { forgetIncrementalBases } from '../build/incremental-base.js';
import { applyDifferences } from '../build/row-difference.js';
import { recordDifferences } from '../causes/record-differences.js';
import type { ReportDefinition } from '../definition/definition.js';
import { type EarlierPublication, earlierPublication, rowsAt } from '../publications/earlier-state.js';
import { insertRollback, readDefinitions } from '../publications/publication.js';
import { copyPublicationState } from '../publications/publication-state.js';
import type { DifferenceCounts } from '../publications/types.js';
import { buildTable, withoutAutovacuum } from '../sql/table-names.js';
import { restoreContributions } from './apply-contributions.js';
import { compare } from './build-comparison.js';
import {
  buildEarlierContributions,
  deleteHistory,
  recordContributionHistory,
} from './contribution-history.js';
import { lockPublication, notifyPublished } from './publication-lock.js';
import { updateCatalog } from './report-catalog.js';
import { defaultRetainedPublications, forgetChanges } from './retention.js';

export interface RollbackOptions {
  /** The publication to restore. */
  readonly to: number;
  readonly runId: string | null;
  readonly retainedPublications?: number | undefined;
}

export interface RollbackResult {
  readonly publication: number;
  readonly restores: number;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
}

/**
 * Makes sure that a publication can be restored.
 * @throws Fault as `earlierPublication`; `already_published` when it is the current one
 */
export async function requireEarlier(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  to: number,
): Promise<EarlierPublication> {
  const earlier = await earlierPublication(client, definitions, to);
  if (to === earlier.latest) {
    throw new Fault(
      'already_published',
      `Publication ${to} is already the current one. Name an earlier one.`,
    );
  }
  return earlier;
}

/**
 * Publishes the state of an earlier publication again, as a new publication, in the caller's transaction: reports, their explanation,
 * as-of day, files and definitions are as they were. The next build is a full build of the warehouse as it is.
 * @throws Fault as `requireEarlier`
 */
export async function rollback(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  { to, runId, retainedPublications = defaultRetainedPublications }: RollbackOptions,
): Promise<RollbackResult> {
  await lockPublication(client);
  const { latest } = await requireEarlier(client, definitions, to);
  const number = latest + 1;
  const hashesThen = await readDefinitions(client, to);
  const hashesNow = await readDefinitions(client, latest);
  const explained = new Set<string>();
  const changes: Record<string, DifferenceCounts> = {};
  for (const definition of definitions) {
    const { name } = definition;
    const earlier = await buildEarlier(client, definition, to, hashesThen[name] !== hashesNow[name]);
    changes[name] = earlier.counts;
    if (earlier.hasContributions) explained.add(name);
  }
  const rowCounts = await insertRollback(client, { number, runId, to, changes });
  await copyPublicationState(client, number, to);
  const rules = [{ kind: 'rollback' as const, from: latest, to }];
  for (const definition of definitions) {
    const isExplained = explained.has(definition.name);
    await applyDifferences(client, definition);
    const causes = { rules, otherwise: [], before: null };
    await recordDifferences(client, definition, number, causes, { explained: isExplained, whole: true });
    if (isExplained) await recordContributionHistory(client, definition, number, true);
    else await deleteHistory(client, definition);
    await restoreContributions(client, definition, isExplained);
    await dropBuild(client, definition);
  }
  await forgetIncrementalBases(client, definitions);
  await updateCatalog(client, definitions, number, rowCounts, changes);
  await forgetChanges(client, definitions, retainedPublications);
  await notifyPublished(client, number);
  return { publication: number, restores: to, changes };
}

/** Builds the rows and contributions of an earlier state, and compares them with the published ones. */
async function buildEarlier(
  client: ClientBase,
  definition: ReportDefinition,
  to: number,
  isRedefined: boolean,
): Promise<{ counts: DifferenceCounts; hasContributions: boolean }> {
  await dropBuild(client, definition);
  await runSql(
    client,
    sql`/* reporting.build_earlier ${raw(definition.name)} */
      create unlogged table ${buildTable(definition.name)} ${withoutAutovacuum} as ${rowsAt(definition, to)}`,
  );
  const hasContributions = await buildEarlierContributions(client, definition, to);
  const sources = {
    knownFiles: { newestPeriod: '', files: [] },
    since: null,
    corrections: { retired: [], restored: [] },
    redefinition: isRedefined ? { touched: null } : null,
  };
  const { counts } = await compare(client, definition, true, sources);
  return { counts, hasContributions };
}
