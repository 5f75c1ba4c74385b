import { count, print, warn } from '../output/terminal.js';
import type { DropResult } from './drop.js';

/** Prints what a drop came to; the command is done only when the run succeeded. */
export function answerDrop(result: DropResult, { json = false }: { json?: boolean }): void {
  if (json) print(JSON.stringify(result));
  else tell(result);
  if (result.state !== 'succeeded') refuse(result);
}

/** Says why a run did not succeed, and has the command end with 1. */
export function refuse({
  run,
  state,
  error,
  errors,
}: Pick<DropResult, 'run' | 'state' | 'error' | 'errors'>): void {
  warn(`marquee: the run ${run} is ${state}: ${error}`);
  for (const other of errors.filter((each) => each.error !== error)) warn(`marquee: ${other.error}`);
  process.exitCode = 1;
}

function tell(result: DropResult): void {
  for (const warning of result.warnings) {
    warn(`warning: ${warning}`);
  }
  for (const [feed, counts] of Object.entries(result.feeds)) {
    const what = counts.held ? 'held' : counts.known ? 'loaded earlier' : 'loaded';
    print(
      `${feed}: ${count(counts.loaded)} of ${count(counts.read)} records ${what}, ${count(counts.rejected)} rejected${counts.unkeyed === undefined ? '' : `, ${count(counts.unkeyed)} more in cleaning`}`,
    );
  }
  if (result.issues > 0) {
    print(`${count(result.issues)} values could not be used as sent: see marquee issues.`);
  }
  if (result.state === 'succeeded') {
    print(
      result.published
        ? `Published as publication ${result.publication} in ${result.seconds.toFixed(1)} s.`
        : `Nothing changed: publication ${result.publication} stays.`,
    );
  }
}
