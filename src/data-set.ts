import type { ReportDefinition } from './reporting/definition/definition.js';
import type { Feed } from './source/feed.js';
import type { ReferenceTable } from './warehouse/corrections/reference-data.js';
import type { NameFields } from './warehouse/extract/cleaning.js';
import type { MappingRow } from './warehouse/mapping/mapping-row.js';

/** Everything the engine needs to know about its data. A folder such as `src/dataset` implements it. */
export interface DataSet {
  readonly name: string;
  /** The kinds of files that the vendor sends. */
  readonly feeds: readonly Feed[];
  /** The initial mapping of a new database. Once installed, the mapping in the database applies. */
  readonly mapping: readonly MappingRow[];
  /** Tables that are filled from standards. */
  readonly reference: readonly ReferenceTable[];
  /** The field by which users know the rows of a table, where they have a name. */
  readonly names: NameFields;
  readonly reports: readonly ReportDefinition[];
}
