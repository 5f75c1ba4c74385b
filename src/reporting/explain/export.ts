import { type Readable, Transform } from 'node:stream';
import type { ClientBase, Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { beginSnapshot } from '../../database/transaction.js';
import type { ReportDefinition } from '../definition/definition.js';
import { earlierPublication, rowsAt } from '../publications/earlier-state.js';
import { columnList, servedTable } from '../sql/table-names.js';
import { copyToCsv } from './copy-rows.js';

export type ExportFormat = 'csv' | 'json';

/**
 * A whole report as published, ordered by key, as one statement and so of one publication. CSV has a header of the
 * column names, and an unknown value is an empty field; JSON is an array of objects whose numbers are exact.
 * Needs no more than the reader's rights. The client is busy until the stream ends.
 * @param publication an earlier one to export as of, which `earlierPublication` has found to be retained
 */
export function exportReport(
  client: ClientBase,
  definition: ReportDefinition,
  format: ExportFormat,
  publication?: number,
): Readable {
  const columns = columnList(definition.columns.map((column) => column.name));
  const relation =
    publication === undefined
      ? servedTable(definition.name)
      : `(${rowsAt(definition, publication)}) as earlier`;
  const rows = `select ${columns} from ${relation} order by ${columnList(definition.key)}`;
  const name = `/* reporting.export ${definition.name} */`;
  if (format === 'csv') {
    const lines = client.query(copyTo(`${name} copy (${rows}) to stdout`));
    const csv = lines.pipe(copyToCsv(definition.columns.map((column) => column.name)));
    lines.on('error', (error) => csv.destroy(error));
    return csv;
  }
  // JSON escapes control characters, so with such ones as quote and delimiter CSV passes it through as it is.
  const lines = client.query(
    copyTo(
      `${name} copy (select row_to_json(report) from (${rows}) as report)
       to stdout (format csv, quote e'\\x01', delimiter e'\\x02')`,
    ),
  );
  const array = lines.pipe(jsonArray());
  lines.on('error', (error) => array.destroy(error));
  return array;
}

/**
 * Exports a report as it is, or as it was at a publication; all of one snapshot, so that no publication that comes meanwhile
 * forgets what it takes to tell.
 * @param receive takes the rows to where they go, to their end
 * @throws Fault as `earlierPublication`
 */
export async function exportPublication(
  pool: Pool,
  definition: ReportDefinition,
  { format, publication }: { format: ExportFormat; publication?: number | undefined },
  receive: (rows: Readable) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    await client.query(beginSnapshot);
    // The role's limit is for questions; an export takes as long as who receives it, a person with a pager say.
    await client.query('/* reporting.prepare_export */ set local statement_timeout = 0');
    if (publication !== undefined) await earlierPublication(client, [definition], publication);
    await receive(exportReport(client, definition, format, publication));
    await client.query('commit');
  } catch (error) {
    // Rows that nobody takes any more are still on their way, and nothing else comes through behind them.
    failed = error as Error;
    throw error;
  } finally {
    client.release(failed);
  }
}

const lineEnd = 0x0a;

/** Lines of JSON to one array, a line each. A line end inside a value is escaped, so each one ends a row. */
function jsonArray(): Transform {
  let begun = false;
  let atLineEnd = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const pieces: (Buffer | string)[] = [];
      let from = 0;
      while (from < chunk.length) {
        if (!begun || atLineEnd) pieces.push(begun ? ',\n' : '[\n');
        begun = true;
        const end = chunk.indexOf(lineEnd, from);
        atLineEnd = end >= 0;
        pieces.push(chunk.subarray(from, atLineEnd ? end : chunk.length));
        from = atLineEnd ? end + 1 : chunk.length;
      }
      done(
        null,
        Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))),
      );
    },
    flush(done) {
      done(null, begun ? '\n]\n' : '[]\n');
    },
  });
}
