import type { MappingRow } from './mapping-row.js';

/** What is wrong with a mapping, and where. */
export interface MappingComplaint {
  /** The row's place in the mapping, from 1; null when a whole table is wrong. */
  readonly position: number | null;
  /** The cell's column, when one cell is wrong. */
  readonly column: keyof MappingRow | null;
  /** A stable code that callers can depend on. */
  readonly code: string;
  /** One sentence: what was found and what was expected. */
  readonly message: string;
}
