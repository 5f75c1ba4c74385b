import { Fault } from '../../fault.js';

/** What is wrong with the parameters themselves: they are malformed, or name something that there is not. */
const codes: ReadonlySet<string> = new Set([
  'client_unknown',
  'column_unknown',
  'feed_unknown',
  'file_unknown',
  'key_invalid',
  'key_not_readable',
  'mapping_unknown',
  'period_missing',
  'publication_unknown',
  'publications_reversed',
  'report_unknown',
  'row_unknown',
  'run_unknown',
  'sample_movies_missing',
  'sample_size',
  'table_not_mapped',
]);

/** Whether a command failed for how it was called, and not for what it found or what became of its work. */
export function isWrongUsage(error: unknown): boolean {
  return error instanceof Fault && codes.has(error.code);
}
