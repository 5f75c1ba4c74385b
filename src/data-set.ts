import type { ReportDefinition } from './reporting/definition/definition.js';
import type { Feed } from './source/feed.js';
import type { ReferenceTable } from './warehouse/corrections/reference-data.js';
import type { MappingRow } from './warehouse/mapping/mapping-row.js';

/** All the engine is told of what it works with; a folder such as `src/dataset` implements it. */
export interface DataSet {
  readonly name: string;
  /** The kinds of files the vendor sends. */
  readonly feeds: readonly Feed[];
  /** The mapping a new database starts with; afterwards the one in the database holds. */
  readonly mapping: readonly MappingRow[];
  /** Dimensions that are filled from standards. */
  readonly reference: readonly ReferenceTable[];
  readonly reports: readonly ReportDefinition[];
}
