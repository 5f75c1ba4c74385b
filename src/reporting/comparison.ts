import type { ClientBase } from 'pg';
import { tellAmounts } from './causes.js';
import { collectContributionChanges } from './contribution-changes.js';
import type { ReportDefinition } from './definition.js';
import { collectDifferences, type DifferenceCounts } from './difference.js';
import { forgetComparison } from './drop-build.js';
import type { CauseSources } from './entity-cause.js';
import { newestPeriod, retirementsSince } from './general-causes.js';
import type { LatestPublication } from './publication.js';

/** What a build changes in what is served, found out and kept in tables beside the build. */
export interface Comparison {
  /** The publication it was compared with. */
  readonly publication: number;
  readonly counts: DifferenceCounts;
  /** How many differences will be listed: cells, and rows that come or go whole. */
  readonly differences: number;
  /** How many contributions differ; null where there are none to compare with. */
  readonly contributions: number | null;
}

/**
 * Compares a build with the publication that is served, and tells the causes of what differs. It is done with each
 * build, beside the other builds, so that a publication has little left to do but write.
 * @param whole whether all rows were built; if not, those that were touched
 * @param hash of the report's definition
 */
export async function compareWithPublished(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
  published: LatestPublication,
  hash: string,
): Promise<Comparison> {
  const retirements = await retirementsSince(client, published.number);
  const sources = {
    newestPeriod: newestPeriod(published),
    retiredSince: retirements.length > 0 ? published.number : null,
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
  await client.query(`/* reporting.prepare_comparison */ select set_config('datestyle', 'ISO', true)`);
  const { differences, ...counts } = await collectDifferences(client, definition, whole);
  const contributions = await collectContributionChanges(client, definition, whole, sources);
  if (contributions !== null) await tellAmounts(client, definition, isRedefined);
  return { counts, differences, contributions };
}
