import { identifier } from '../../database/identifier.js';
import type { Feed } from '../feed.js';
import { matchHeader, nameOfUnnamed } from '../header/header.js';

/** How a file's columns are loaded into the feed's table. */
export interface ColumnPlan {
  /** The file's header. */
  readonly header: readonly string[];
  /** For each column of the file, in its order, the column that COPY fills, unquoted. */
  readonly copied: readonly string[];
  /** Those that the feed does not know, with the names under which their values are kept. */
  readonly extra: readonly ExtraColumn[];
}

/** A column of the file that the feed does not know. */
export interface ExtraColumn {
  readonly column: string;
  readonly name: string;
  /** It has no name in the header: its empty values are not kept, so that an empty column leaves no trace. */
  readonly unnamed: boolean;
}

/** Plans the columns of a file whose header has been accepted. */
export function planColumns(feed: Feed, header: readonly string[], fileName: string): ColumnPlan {
  const { columns } = matchHeader(feed, header, fileName, []);
  const extra: ExtraColumn[] = [];
  const copied = columns.map((column, index) => {
    if (column !== undefined) {
      return column;
    }
    const unnamed = header[index] === '';
    const name = unnamed ? nameOfUnnamed(index) : header[index]!;
    const own = { column: `extra column ${index + 1}`, name, unnamed };
    extra.push(own);
    return own.column;
  });
  return { header, copied, extra };
}

/** The copied columns that the feed knows. A file may lack columns that the mapping no longer reads. */
export function agreedOf(plan: ColumnPlan): string[] {
  const extra = new Set(plan.extra.map(({ column }) => column));
  return plan.copied.filter((column) => !extra.has(column));
}

/** The column list of a COPY, quoted. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => identifier(column)).join(', ');
}
