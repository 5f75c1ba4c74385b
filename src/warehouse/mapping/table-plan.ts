import type { MappingRow, TableType } from './mapping-row.js';
import type { ValueRange } from './value-range.js';

/** One field of a warehouse table, and where it comes from. */
export interface FieldPlan {
  readonly field: string;
  readonly type: string;
  readonly isKey: boolean;
  /** Whether a row needs it: it is part of the key, or its column is not null. */
  readonly required: boolean;
  /** Whether an index contains it, so that the length of a text is limited. */
  readonly indexed: boolean;
  /** The source column as an expression on the alias `s`. */
  readonly sourceColumn: string;
  /** The field of the nested column's entries; null when the value is the column itself. */
  readonly entryField: string | null;
  /** The source field as the mapping names it, for messages. */
  readonly sourceField: string;
  readonly transform: string | null;
  /** The valid values; null when every value of the type is valid. */
  readonly range: ValueRange | null;
}

/** A column of a warehouse table. */
export interface ColumnPlan {
  readonly field: string;
  /** Its type, as Postgres's `format_type` calls it. */
  readonly catalogName: string;
}

/** How one warehouse table is filled. */
export interface TablePlan {
  /** The schema of the table: `warehouse`, or `rebuild` for the copy that a rebuild fills. */
  readonly schema: string;
  readonly table: string;
  readonly tableType: TableType;
  readonly sourceTable: string;
  /** The column whose entries give the rows; null when each record gives one row. */
  readonly nested: NestedPlan | null;
  readonly fields: readonly FieldPlan[];
  readonly keys: readonly FieldPlan[];
  readonly attributes: readonly FieldPlan[];
  /** Columns that only other versions of the mapping fill; rows read under this one leave them empty. */
  readonly unfilled: readonly ColumnPlan[];
  /**
   * What a record must have to be accepted, for a table that reads only entries and no field of the record itself: the
   * required fields that other tables read from the same records.
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
   * The fields that any table of the mapping reads from its entries. A literal is always read for all of them, so that it is
   * malformed for every table or for none: one text that a database cannot store makes the whole literal malformed.
   */
  readonly fields: readonly string[];
  /** Whether any of the fields is personal data, so that no part of the literal may be shown. */
  readonly personal: boolean;
}

/** A mapping compiled for the existing tables. */
export interface Mapping {
  /** Its number in `support.mapping_version`; null before it is installed. */
  readonly version: number | null;
  readonly contentHash: string;
  readonly rows: readonly MappingRow[];
  readonly tables: ReadonlyMap<string, TablePlan>;
}
