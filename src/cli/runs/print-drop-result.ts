import { printResult } from '../output/print-result.js';
import { warn } from '../output/terminal.js';
import { count } from '../output/text-format.js';
import type { DropResult } from './drop.js';

/** Prints the result of a drop. The command exits with 0 only when the run succeeded. */
export function printDropResult(result: DropResult, { json = false }: { json?: boolean }): void {
  if (!json) for (const warning of result.warnings) warn(`warning: ${warning}`);
  printResult({ json }, result, dropLines(result));
  if (result.state !== 'succeeded') printFailure(result);
}

/** Prints why a run did not succeed and makes the command exit with 1. */
export function printFailure({
  run,
  state,
  error,
  errors,
}: Pick<DropResult, 'run' | 'state' | 'error' | 'errors'>): void {
  warn(`marquee: the run ${run} is ${state}: ${error}`);
  for (const other of errors.filter((each) => each.error !== error)) warn(`marquee: ${other.error}`);
  process.exitCode = 1;
}

function dropLines(result: DropResult): string[] {
  const { feeds, issues, issuesByColumn, state, published, publication, seconds } = result;
  const lines = Object.entries(feeds).map(([feed, counts]) => {
    const outcome = counts.held ? 'held' : counts.known ? 'loaded earlier' : 'loaded';
    const unkeyed = counts.unkeyed === undefined ? '' : `, ${count(counts.unkeyed)} more in cleaning`;
    return `${feed}: ${count(counts.loaded)} of ${count(counts.read)} records ${outcome}, ${count(counts.rejected)} rejected${unkeyed}`;
  });
  if (issues > 0) {
    const columns = issuesByColumn.map(
      ({ table, column, issues: times }) => `  ${table}.${column}: ${count(times)}`,
    );
    lines.push(`${count(issues)} values could not be used as sent: see marquee issues.`, ...columns);
  }
  if (state === 'succeeded') {
    lines.push(
      published
        ? `Published as publication ${publication} in ${seconds.toFixed(1)} s.`
        : `Nothing changed: publication ${publication} stays.`,
    );
  }
  return lines;
}
