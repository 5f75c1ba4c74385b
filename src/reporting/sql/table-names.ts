import { ident, raw, type SqlText } from '../../database/sql.js';

/** The published table of a report, which readers see. */
export function servedTable(report: string): SqlText {
  return ident('reporting', report);
}

/** The table a report is built into, invisible to readers. */
export function buildTable(report: string): SqlText {
  return work('build', report);
}

/** What each entity contributes to each row, as last published. Needed to compare, to trace and for incremental builds. */
export function contributionTable(report: string): SqlText {
  return work('contribution', report);
}

/** The contributions of a build. */
export function contributionBuildTable(report: string): SqlText {
  return work('build_contribution', report);
}

/** Earlier contributions, each with the publication that replaced it. */
export function contributionHistoryTable(report: string): SqlText {
  return work('contribution_history', report);
}

/** The differences between a build and the published rows, see `collectDifferences`. */
export function differenceTable(report: string): SqlText {
  return work('build_difference', report);
}

/** The differences between built and published contributions, see `collectContributionChanges`. */
export function contributionChangeTable(report: string): SqlText {
  return work('build_change', report);
}

/** The causes of differences that have amounts, see `collectAmountCauses`. */
export function amountCauseTable(report: string): SqlText {
  return work('build_cause', report);
}

/** The entities that an incremental build looked at. A full build has no such table. */
export function entityTable(report: string): SqlText {
  return work('build_entity', report);
}

/** The groups of rows that an incremental build computed, see `groupColumns`. */
export function scopeTable(report: string): SqlText {
  return work('build_scope', report);
}

/** Has its one row until a crash of the database empties it together with the build. */
export function markTable(report: string): SqlText {
  return work('build_mark', report);
}

/** The kept totals of a large warehouse table. */
export function rollupTable(rollup: string): SqlText {
  return work('stock', rollup);
}

export function rollupBuildTable(rollup: string): SqlText {
  return work('build_stock', rollup);
}

function work(kind: string, name: string): SqlText {
  return ident('support', `${kind}_${name}`);
}

/**
 * For tables that are filled once, analyzed and dropped: autovacuum would pick them up as new tables, and dropping one that it is
 * working on takes a second.
 */
export const withoutAutovacuum = raw('with (autovacuum_enabled = off)');
