import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { csvRecord } from '../../csv-writer.js';
import { print, visible } from './terminal.js';
import { table } from './text-format.js';

const pageRows = 1000;
/** Maximum number of rows shown as a table. */
const shown = 50;

/** A list that is read page by page. */
export interface List<Row> {
  /** Printed when the list is empty. */
  readonly none: string;
  /** The fields of a row that CSV and JSON contain, in order. */
  readonly csvColumns: readonly (keyof Row & string)[];
  /** The header of the table. */
  readonly header: readonly string[];
  /** A row of the table. */
  cells(row: Row): string[];
  /** The rows that follow the one with this id, up to the limit. */
  readonly readPage: (after: string | undefined, limit: number) => Promise<Row[]>;
}

/** By default a table of the first rows; with `csv` or `json` all rows. */
export interface ListOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** Prints a list: its first rows as a table, or all of them as CSV or as one JSON array. */
export async function printList<Row extends { readonly id: string }>(
  list: List<Row>,
  { csv = false, json = false }: ListOptions,
): Promise<void> {
  const { none, header, cells, readPage } = list;
  if (json) {
    await writeToStdout(Readable.from(jsonArray(everyRow(list))));
    return;
  }
  if (csv) {
    await writeToStdout(Readable.from(csvRecords(list)));
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

/** Writes to standard output, which stays open. On a terminal, foreign text is escaped. */
export async function writeToStdout(content: Readable): Promise<void> {
  const { stdout } = process;
  if (stdout.isTTY) await pipeline(content, visibleText, stdout, { end: false });
  else await pipeline(content, stdout, { end: false });
}

async function* visibleText(chunks: AsyncIterable<Buffer | string>) {
  // A chunk may end in the middle of a character.
  const decoder = new StringDecoder('utf8');
  for await (const chunk of chunks) {
    yield visible((typeof chunk === 'string' ? chunk : decoder.write(chunk)).replaceAll('\r\n', '\n'));
  }
}

/** Like the exports of the API: a text that a spreadsheet would run as a formula starts with a `'`. */
async function* csvRecords<Row extends { readonly id: string }>(list: List<Row>) {
  yield csvRecord(list.csvColumns, '\n');
  for await (const row of everyRow(list)) yield csvRecord(Object.values(row), '\n');
}

async function* jsonArray(rows: AsyncIterable<object>) {
  let before = '[';
  for await (const row of rows) {
    yield `${before}\n${JSON.stringify(row)}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

/** All rows of a list, read page by page so that memory does not grow with it. Times are in UTC, to the millisecond. */
async function* everyRow<Row extends { readonly id: string }>({ csvColumns, readPage }: List<Row>) {
  let after: string | undefined;
  for (;;) {
    const rows = await readPage(after, pageRows);
    for (const row of rows) {
      const cells = csvColumns.map((name) => {
        const value: unknown = row[name];
        return [name, value instanceof Date ? value.toISOString() : value] as const;
      });
      yield Object.fromEntries(cells);
    }
    if (rows.length < pageRows) {
      return;
    }
    after = rows.at(-1)!.id;
  }
}
