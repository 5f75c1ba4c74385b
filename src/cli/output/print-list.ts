import { Readable } from 'node:stream';
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
  /** The fields of a row that are told, in order: the header as CSV. */
  readonly csvColumns: readonly (keyof Row & string)[];
  /** The header for people. */
  readonly header: readonly string[];
  /** A row for people. */
  cells(row: Row): string[];
  readonly readPage: ReadPage<Row>;
}

/** How all rows are printed; for people, the first of them, unless told. */
export interface ListOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** Prints a list: for people the first rows as a table, as CSV or as one array of JSON objects all of them. */
export async function printList<Row extends { readonly id: string }>(
  { none, csvColumns, header, cells, readPage }: List<Row>,
  { csv = false, json = false }: ListOptions,
): Promise<void> {
  if (csv || json) {
    const rows = everyRow(csvColumns, readPage);
    if (json) await pipeline(Readable.from(jsonArray(rows)), process.stdout, { end: false });
    else await pipeline(rows, csvOf(csvColumns), process.stdout, { end: false });
    return;
  }
  const rows = await readPage(undefined, shown + 1);
  if (rows.length === 0) {
    print(none);
    return;
  }
  print(table(header, rows.slice(0, shown).map(cells)));
  if (rows.length > shown) {
    print('... and more; --csv or --json prints all of them.');
  }
}

function csvOf(columns: readonly string[]) {
  return format({ headers: [...columns], alwaysWriteHeaders: true, includeEndRowDelimiter: true });
}

async function* jsonArray(rows: AsyncIterable<object>) {
  let before = '[';
  for await (const row of rows) {
    yield `${before}\n${JSON.stringify(row)}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

/** All rows of a list, read page by page, so that memory does not grow with it. Times are told to the millisecond in UTC. */
async function* everyRow<Row extends { readonly id: string }>(
  columns: readonly (keyof Row & string)[],
  readPage: ReadPage<Row>,
) {
  let after: string | undefined;
  for (;;) {
    const rows = await readPage(after, pageRows);
    for (const row of rows) {
      const told = columns.map((name) => {
        const value: unknown = row[name];
        return [name, value instanceof Date ? value.toISOString() : value] as const;
      });
      yield Object.fromEntries(told);
    }
    if (rows.length < pageRows) {
      return;
    }
    after = rows.at(-1)!.id;
  }
}
