import { type Readable, Transform } from 'node:stream';
import type { ClientBase, Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { raw, renderLiterals, sql } from '../../database/sql.js';
import { beginSnapshot } from '../../database/transaction.js';
import type { ReportDefinition } from '../definition/definition.js';
import { earlierPublication, rowsAt } from '../publications/earlier-state.js';
import { columnList } from '../sql/row-sql.js';
import { servedTable } from '../sql/table-names.js';
import { copyToCsv } from './copy-rows.js';

export type ExportFormat = 'csv' | 'json';

/**
 * A whole published report, ordered by key. It is read by one statement and so reflects one publication. CSV starts with the
 * column names, and an unknown value is an empty field; JSON is an array of objects whose numbers are exact.
 * The reader's rights are enough. The client is busy until the stream ends.
 * @param publication exports the rows as of an earlier publication, which must be retained: check it with `earlierPublication`
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
      : sql`(${rowsAt(definition, publication)}) as earlier`;
  const rows = sql`select ${columns} from ${relation} order by ${columnList(definition.key)}`;
  const tag = raw(`/* reporting.export ${definition.name} */`);
  if (format === 'csv') {
    // COPY takes no parameters.
    const lines = client.query(copyTo(renderLiterals(sql`${tag} copy (${rows}) to stdout`)));
    const csv = lines.pipe(copyToCsv(definition.columns.map((column) => column.name)));
    lines.on('error', (error) => csv.destroy(error));
    return csv;
  }
  // JSON escapes control characters, so with control characters as quote and delimiter CSV does not change it.
  const lines = client.query(
    copyTo(
      renderLiterals(
        sql`${tag} copy (select row_to_json(report) from (${rows}) as report)
          to stdout (format csv, quote e'\\x01', delimiter e'\\x02')`,
      ),
    ),
  );
  const array = lines.pipe(jsonArray());
  lines.on('error', (error) => array.destroy(error));
  return array;
}

/**
 * Exports a report as it is, or as it was at a publication. It uses one snapshot, so that a publication at the same time cannot delete
 * the changes it needs.
 * @param receive consumes all rows
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
    // The role's timeout is for queries. An export takes as long as its consumer, which may be a user with a pager.
    await client.query('/* reporting.prepare_export */ set local statement_timeout = 0');
    if (publication !== undefined) await earlierPublication(client, [definition], publication);
    await receive(exportReport(client, definition, format, publication));
    await client.query('commit');
  } catch (error) {
    // Unread rows may still be in transit, so the connection cannot be used again.
    failed = error as Error;
    throw error;
  } finally {
    client.release(failed);
  }
}

const lineEnd = 0x0a;

/** Turns lines of JSON into an array with one line per row. Line ends inside values are escaped, so each line end ends a row. */
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
