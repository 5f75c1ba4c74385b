import { identifier } from '../../database/identifier.js';
import { matchHeader } from '../csv/header.js';
import type { Feed } from '../feed.js';

/** How a file's columns go into the feed's table. */
export interface ColumnPlan {
  /** The file's header. */
  readonly header: readonly string[];
  /** A column of the table COPY fills for each column of the file, in the file's order, unquoted. */
  readonly copied: readonly string[];
  /** Of these, the ones the feed does not know, with their names in the header. */
  readonly extra: readonly { readonly column: string; readonly name: string }[];
}

/** Plans the columns of a file whose header has been accepted. */
export function planColumns(feed: Feed, header: readonly string[], fileName: string): ColumnPlan {
  const { columns } = matchHeader(feed, header, fileName, []);
  const extra: { column: string; name: string }[] = [];
  const copied = columns.map((column, index) => {
    if (column !== undefined) {
      return column;
    }
    const own = { column: `extra column ${index + 1}`, name: header[index]! };
    extra.push(own);
    return own.column;
  });
  return { header, copied, extra };
}

/** Of the copied columns, the ones the feed knows; a file may lack some that nobody reads any more. */
export function agreedOf(plan: ColumnPlan): string[] {
  const extra = new Set(plan.extra.map(({ column }) => column));
  return plan.copied.filter((column) => !extra.has(column));
}

/** The column list of a COPY, quoted. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => identifier(column)).join(', ');
}
