import { pipeline } from 'node:stream/promises';
import { format } from 'fast-csv';
import { print, table } from './terminal.js';

const pageRows = 1000;
/** As many rows of a list are shown to people. */
const shown = 50;

/** A list that is read page by page: the rows with an id behind the one given, so many at most. */
type ReadPage<Row> = (after: string | undefined, limit: number) => Promise<Row[]>;

export interface List<Row> {
  /** Said where there is no row. */
  readonly none: string;
  /** The header as CSV, and the fields of a row in order. */
  readonly csvColumns: readonly (keyof Row & string)[];
  /** The header for people. */
  readonly header: readonly string[];
  /** A row for people. */
  cells(row: Row): string[];
  readonly readPage: ReadPage<Row>;
}

/** Prints a list: for people the first rows as a table, as CSV all of them. */
export async function printList<Row extends { readonly id: string }>(
  { none, csvColumns, header, cells, readPage }: List<Row>,
  { csv = false }: { csv?: boolean },
): Promise<void> {
  if (csv) {
    await printPages(csvColumns, readPage);
    return;
  }
  const rows = await readPage(undefined, shown + 1);
  if (rows.length === 0) {
    print(none);
    return;
  }
  print(table(header, rows.slice(0, shown).map(cells)));
  if (rows.length > shown) {
    print('... and more; --csv prints all of them.');
  }
}

/**
 * Prints all rows of a list as CSV, page by page, so that memory does not grow with it. Times are told to the millisecond
 * in UTC.
 */
async function printPages<Row extends { readonly id: string }>(
  columns: readonly (keyof Row & string)[],
  readPage: ReadPage<Row>,
): Promise<void> {
  const csv = format({ headers: [...columns], alwaysWriteHeaders: true, includeEndRowDelimiter: true });
  await pipeline(everyRow(readPage), csv, process.stdout, { end: false });
}

async function* everyRow<Row extends { readonly id: string }>(readPage: ReadPage<Row>) {
  let after: string | undefined;
  for (;;) {
    const rows = await readPage(after, pageRows);
    for (const row of rows) {
      yield Object.fromEntries(
        Object.entries(row).map(([name, value]: [string, unknown]) => [
          name,
          value instanceof Date ? value.toISOString() : value,
        ]),
      );
    }
    if (rows.length < pageRows) {
      return;
    }
    after = rows.at(-1)!.id;
  }
}
