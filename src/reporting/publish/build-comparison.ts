import type { ClientBase } from 'pg';
import type { Prisma } from '../../database/client/client.js';
import { ledger } from '../../database/prisma-client.js';
import { runSql, sql } from '../../database/sql.js';
import { touchedSince } from '../build/contribution-build.js';
import { dropComparison } from '../build/drop-build.js';
import { publishedBase } from '../build/incremental-base.js';
import { collectDifferences } from '../build/row-difference.js';
import { collectAmountCauses } from '../causes/amount-causes.js';
import type { CauseSources, Redefinition } from '../causes/cause.js';
import { collectContributionChanges } from '../causes/contribution-changes.js';
import { correctionsBetween } from '../causes/manual-corrections.js';
import { definitionCauses, knownFiles } from '../causes/report-wide-causes.js';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionIdentity } from '../definition/definition-hash.js';
import { latestPublication } from '../publications/publication.js';
import { readPublicationState } from '../publications/publication-state.js';
import type { Comparison, LatestPublication, Reflected } from '../publications/types.js';

/**
 * Compares the build of a run with the current publication and keeps the differences with their causes. This happens while the builds
 * are checked, so that the publication itself takes little time. The publication compares what was not compared by then, or was
 * compared with another publication.
 * @returns null if there is nothing to compare: no build, or a report that was not published before
 */
export async function compareBuild(
  client: ClientBase,
  definition: ReportDefinition,
  runId: string | null,
): Promise<Comparison | null> {
  const { name } = definition;
  const rows = await ledger(client);
  const published = await latestPublication(client);
  const build = await rows.reportBuild.findFirst({ where: { report: name, run_id: runId } });
  if (build === null || published?.rowCounts[name] === undefined) return null;
  const { retirements } = build.reflects as unknown as Reflected;
  const compared = {
    asOfDay: build.as_of_day.toISOString().slice(0, 10),
    whole: build.base_publication === null,
    retirements,
  };
  const comparison = await compareWithPublished(client, definition, compared, published);
  await rows.reportBuild.update({
    where: { report: name },
    data: { comparison: comparison as unknown as Prisma.InputJsonObject },
  });
  return comparison;
}

/** The properties of a build that the comparison needs. */
export interface ComparedBuild {
  /** Whether all rows were built; if not, the touched ones. */
  readonly whole: boolean;
  /** YYYY-MM-DD */
  readonly asOfDay: string;
  /** Ids of the retirements it reflects. */
  readonly retirements: readonly number[];
}

/** Compares a build with the current publication, and collects the causes of the differences. */
export async function compareWithPublished(
  client: ClientBase,
  definition: ReportDefinition,
  { whole, asOfDay, retirements }: ComparedBuild,
  published: LatestPublication,
): Promise<Comparison> {
  const state = await readPublicationState(client, published.number);
  const sources = {
    knownFiles: knownFiles(published),
    since: state.builtDate,
    corrections: correctionsBetween(state.retirements, retirements),
    redefinition: await redefinitionSince(client, definition, published, asOfDay),
  };
  const compared = await compare(client, definition, whole, sources);
  return { publication: published.number, ...compared };
}

/** How the rules of a report differ from those of the publication; null if they do not. */
async function redefinitionSince(
  client: ClientBase,
  definition: ReportDefinition,
  published: LatestPublication,
  asOfDay: string,
): Promise<Redefinition | null> {
  const [first, ...more] = definitionCauses(definition.name, published, await definitionIdentity(definition));
  if (first === undefined) return null;
  const base = await publishedBase(client, definition);
  return {
    relation: more.length === 0 ? first.relation : undefined,
    touched: base === null ? null : await touchedSince(definition, asOfDay, base),
  };
}

/** Like `compareWithPublished`, with the sources of causes as an argument. */
export async function compare(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
  sources: CauseSources,
): Promise<Omit<Comparison, 'publication'>> {
  await dropComparison(client, definition);
  // Causes have values as text, with days in ISO format.
  await runSql(
    client,
    sql`/* reporting.prepare_comparison */
      select set_config('datestyle', 'ISO', true), set_config('jit', 'off', true), set_config('work_mem', '64MB', true),
        set_config('default_statistics_target', '10', true)`,
  );
  const { differences, ...counts } = await collectDifferences(client, definition, whole);
  const contributions = await collectContributionChanges(client, definition, whole, sources);
  if (definition.contributions !== undefined) {
    const { redefinition } = sources;
    await collectAmountCauses(client, definition, {
      redefinition,
      areContributionsKnown: contributions !== null,
    });
  }
  return { counts, differences, contributions };
}
