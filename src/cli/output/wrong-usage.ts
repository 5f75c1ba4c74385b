import { Fault } from '../../fault.js';

/** Errors in the arguments or settings themselves: malformed, or naming something unknown. */
const codes: ReadonlySet<string> = new Set([
  'address_unusable',
  'client_unknown',
  'column_unknown',
  'configuration_invalid',
  'drop_file_unknown',
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
  'schedule_exists',
  'schedule_invalid',
  'schedule_unknown',
  'sample_movies_missing',
  'sample_size',
  'table_not_mapped',
]);

/** Whether a command failed because of how it was called, not because of what it found. */
export function isWrongUsage(error: unknown): boolean {
  return error instanceof Fault && codes.has(error.code);
}
