import type { ClientBase } from 'pg';
import { Fault } from '../../fault.js';
import { dropBuild } from '../build/drop-build.js';
import { forgetStates } from '../build/incremental-base.js';
import { applyDifferences } from '../build/row-difference.js';
import { recordDifferences } from '../causes/amount-causes.js';
import { restoreContributions } from '../causes/contribution-changes.js';
import type { ReportDefinition } from '../definition/definition.js';
import { type EarlierPublication, earlierPublication, rowsAt } from '../publications/earlier-state.js';
import { insertRollback, readDefinitions } from '../publications/publication.js';
import { copyPublicationState } from '../publications/publication-state.js';
import type { DifferenceCounts } from '../publications/types.js';
import { buildTable, untouchedByAutovacuum } from '../sql/table-names.js';
import { compare } from './build-comparison.js';
import {
  buildEarlierContributions,
  forgetHistory,
  recordContributionHistory,
} from './contribution-history.js';
import { defaultRetainedPublications, forgetChanges, lockPublication, notifyPublished } from './publish.js';
import { updateCatalog } from './report-catalog.js';

export interface RollbackOptions {
  /** The publication whose state is wanted. */
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
 * Makes sure that there is a way back to a publication.
 * @throws Fault as `earlierPublication`; `already_published` when it is the newest one
 */
export async function requireEarlier(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  to: number,
): Promise<EarlierPublication> {
  const earlier = await earlierPublication(client, definitions, to);
  if (to === earlier.latest) {
    throw new Fault('already_published', `Publication ${to} is the one that is served; name an earlier one.`);
  }
  return earlier;
}

/**
 * Publishes the state of an earlier publication again, as a new publication, in the caller's transaction: reports,
 * what explains them, as-of day, files and definitions are as they were. The next build starts from the warehouse
 * as it is, whole.
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
  const definitionsThen = await readDefinitions(client, to);
  const definitionsNow = await readDefinitions(client, latest);
  const explained = new Map<string, boolean>();
  const changes: Record<string, DifferenceCounts> = {};
  for (const definition of definitions) {
    await dropBuild(client, definition);
    await client.query(
      `/* reporting.build_earlier ${definition.name} */
       create unlogged table ${buildTable(definition.name)} ${untouchedByAutovacuum} as ${rowsAt(definition, to)}`,
    );
    const restored = await buildEarlierContributions(client, definition, to);
    const knownFiles = { newestPeriod: '', checksums: [] };
    const sources = { knownFiles, since: null, byHand: { retired: [], restored: [] } };
    const { name } = definition;
    const isRedefined = definitionsThen[name] !== definitionsNow[name];
    const { counts } = await compare(client, definition, true, sources, isRedefined);
    changes[name] = counts;
    explained.set(name, restored);
  }
  const rowCounts = await insertRollback(client, { number, runId, to, changes });
  await copyPublicationState(client, number, to);
  const rules = [{ kind: 'rollback' as const, from: latest, to }];
  for (const definition of definitions) {
    const isExplained = explained.get(definition.name)!;
    await applyDifferences(client, definition);
    const causes = { rules, otherwise: [], before: null };
    await recordDifferences(client, definition, number, causes, { explained: isExplained, whole: true });
    if (isExplained) await recordContributionHistory(client, definition, number, true);
    else await forgetHistory(client, definition);
    await restoreContributions(client, definition, isExplained);
    await dropBuild(client, definition);
  }
  await forgetStates(
    client,
    definitions.map((definition) => definition.name),
  );
  await updateCatalog(client, definitions, number, rowCounts, changes);
  await forgetChanges(client, definitions, retainedPublications);
  await notifyPublished(client, number);
  return { publication: number, restores: to, changes };
}
