import type { MappingRow, TableType } from './mapping-row.js';

/** One field of a warehouse table, and where it comes from. */
export interface FieldPlan {
  readonly field: string;
  readonly type: string;
  readonly isKey: boolean;
  /** Without it there is no row: a part of the key, or a column that may not be null. */
  readonly required: boolean;
  /** Whether an index holds it, which takes no text of any length. */
  readonly indexed: boolean;
  /** The source column as an expression on the alias `s`. */
  readonly sourceColumn: string;
  /** The field of the nested column's entries; null for a column of its own. */
  readonly entryField: string | null;
  /** The source field as the mapping calls it, for messages. */
  readonly sourceField: string;
  readonly transform: string | null;
}

/** A column of a warehouse table. */
export interface ColumnPlan {
  readonly field: string;
  /** Its type, as Postgres's `format_type` calls it. */
  readonly catalogName: string;
}

/** How one warehouse table is filled. */
export interface TablePlan {
  /** The schema the table is in: `warehouse`, or `rebuild` for the one that is built beside it. */
  readonly schema: string;
  readonly table: string;
  readonly tableType: TableType;
  readonly sourceTable: string;
  /** The column whose entries give the rows; null when each record gives one. */
  readonly nested: NestedPlan | null;
  readonly fields: readonly FieldPlan[];
  readonly keys: readonly FieldPlan[];
  readonly attributes: readonly FieldPlan[];
  /** Columns that other versions of the mapping fill: what is read under this one leaves them empty. */
  readonly unfilled: readonly ColumnPlan[];
  /**
   * What its records must have to be accepted, where the table takes nothing from them but entries and cannot tell by
   * itself: the required fields that tables beside it take from the same records.
   */
  readonly recordFields: readonly FieldPlan[];
  readonly retireMissing: boolean;
  readonly partitioned: boolean;
}

/** A nested column of a source table. */
export interface NestedPlan {
  readonly column: string;
  /** The column as an expression on the alias `s`. */
  readonly expression: string;
  /**
   * The fields that any table of the mapping takes from its entries. A literal is read for all of them or for none, so
   * that it is malformed for every table, or for no one, whenever it is read: a text that no database can store spoils it.
   */
  readonly fields: readonly string[];
  /** Whether any of them is personal data, so that no part of its text may be shown. */
  readonly personal: boolean;
}

/** A mapping compiled against the tables there are. */
export interface Mapping {
  /** Its number in `support.mapping_version`; null while it is in none. */
  readonly version: number | null;
  readonly contentHash: string;
  readonly rows: readonly MappingRow[];
  readonly tables: ReadonlyMap<string, TablePlan>;
}
