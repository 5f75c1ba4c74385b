import type { MappingRow } from './mapping-row.js';

/** What is wrong with a mapping, and where. */
export interface MappingComplaint {
  /** The row's place in the mapping, from 1; null where a whole table is at fault. */
  readonly position: number | null;
  /** The cell's column, where one cell is at fault. */
  readonly column: keyof MappingRow | null;
  /** Stable, for callers that branch on it. */
  readonly code: string;
  /** One sentence: what was found, what was expected. */
  readonly message: string;
}
