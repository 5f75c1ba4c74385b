import type { ClientBase } from 'pg';
import { forgetComparison } from '../build/drop-build.js';
import { collectDifferences } from '../build/row-difference.js';
import { tellAmounts } from '../causes/amount-causes.js';
import type { CauseSources } from '../causes/cause.js';
import { collectContributionChanges } from '../causes/contribution-changes.js';
import { byHandBetween } from '../causes/manual-corrections.js';
import { knownFiles } from '../causes/report-wide-causes.js';
import type { ReportDefinition } from '../definition/definition.js';
import { latestPublication } from '../publications/publication.js';
import { readPublicationState } from '../publications/publication-state.js';
import type { Comparison, LatestPublication } from '../publications/types.js';

/**
 * Compares the build of a run with what is served, and keeps what differs, with its causes, for the publication. That
 * is done while the builds are checked, so that a publication has little left to do but write; what is not there by then,
 * or was compared with another publication, the publication compares itself.
 * @returns null where there is nothing to compare: no build, or the report was not published before
 */
export async function compareBuild(
  client: ClientBase,
  definition: ReportDefinition,
  runId: string | null,
): Promise<Comparison | null> {
  const published = await latestPublication(client);
  const { rows: builds } = await client.query<ComparedBuild>(
    `/* reporting.read_build */
     select definition_hash as hash, base_publication is null as whole, reflects -> 'retirements' as retirements
     from support.report_build
     where report = $1 and run_id is not distinct from $2`,
    [definition.name, runId],
  );
  const [build] = builds;
  if (build === undefined || published?.rowCounts[definition.name] === undefined) return null;
  const comparison = await compareWithPublished(client, definition, build, published);
  await client.query(
    `/* reporting.note_comparison */
     update support.report_build set comparison = $2 where report = $1`,
    [definition.name, JSON.stringify(comparison)],
  );
  return comparison;
}

/** A build as it is compared. */
export interface ComparedBuild {
  /** Whether all rows were built; if not, those that were touched. */
  readonly whole: boolean;
  /** Of the definition the report was built by. */
  readonly hash: string;
  /** The retirements it reflects. */
  readonly retirements: readonly number[];
}

/** Compares a build with a publication that is served, and tells the causes of what differs. */
export async function compareWithPublished(
  client: ClientBase,
  definition: ReportDefinition,
  { whole, hash, retirements }: ComparedBuild,
  published: LatestPublication,
): Promise<Comparison> {
  const state = await readPublicationState(client, published.number);
  const sources = {
    knownFiles: knownFiles(published),
    since: state.builtDate,
    byHand: byHandBetween(state.retirements, retirements),
  };
  const isRedefined = published.definitions[definition.name] !== hash;
  const compared = await compare(client, definition, whole, sources, isRedefined);
  return { publication: published.number, ...compared };
}

/** As `compareWithPublished`, with what causes are told from given. */
export async function compare(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
  sources: CauseSources,
  isRedefined: boolean,
): Promise<Omit<Comparison, 'publication'>> {
  await forgetComparison(client, definition);
  // Values are told as text, days as the standard writes them.
  await client.query(
    `/* reporting.prepare_comparison */
     select set_config('datestyle', 'ISO', true), set_config('jit', 'off', true), set_config('work_mem', '64MB', true),
       set_config('default_statistics_target', '10', true)`,
  );
  const { differences, ...counts } = await collectDifferences(client, definition, whole);
  const contributions = await collectContributionChanges(client, definition, whole, sources);
  if (definition.contributions !== undefined) {
    const rest = contributions === null ? 'not kept' : null;
    await tellAmounts(client, definition, isRedefined ? 'definition' : rest);
  }
  return { counts, differences, contributions };
}
