import { pipeline } from 'node:stream/promises';
import { format } from 'fast-csv';

const pageRows = 1000;

/**
 * Prints all rows of a list as CSV, page by page, so that memory does not grow with it. Times are told to the millisecond
 * in UTC.
 *
 * @param columns the header, and the fields of a row in order
 * @param readPage the rows with an id behind the one given, so many at most
 */
export async function printPages<Row extends { readonly id: string }>(
  columns: readonly (keyof Row & string)[],
  readPage: (after: string | undefined, limit: number) => Promise<Row[]>,
): Promise<void> {
  const csv = format({ headers: [...columns], alwaysWriteHeaders: true, includeEndRowDelimiter: true });
  await pipeline(everyRow(readPage), csv, process.stdout, { end: false });
}

async function* everyRow<Row extends { readonly id: string }>(
  readPage: (after: string | undefined, limit: number) => Promise<Row[]>,
) {
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
