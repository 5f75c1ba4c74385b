import type pg from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import type { Part, PartMethod } from '../csv/part.js';

/** One row of `source.part`. */
export interface PartRow extends Part {
  readonly state: 'planned' | 'loaded';
  readonly loadedCount: number | null;
  readonly rejectCount: number | null;
}

/** Records the parts of a file, none of them loaded. */
export async function insertParts(
  client: pg.ClientBase,
  fileId: number,
  parts: readonly Part[],
): Promise<void> {
  const { part: rows } = await ledger(client);
  await rows.createMany({
    data: parts.map((part) => ({
      file_id: fileId,
      part_number: part.number,
      byte_start: part.byteStart,
      byte_end: part.byteEnd,
      first_record: part.firstRecord,
      first_line: part.firstLine,
      record_count: part.recordCount,
      method: part.method,
      state: 'planned',
    })),
  });
}

/**
 * The part's row, locked until the transaction ends, and how many parts its file has. The lock ensures that each part is loaded
 * once.
 *
 * @throws Fault part_unknown
 */
export async function lockPartRow(
  client: pg.ClientBase,
  fileId: number,
  partNumber: number,
): Promise<{ part: PartRow; partCount: number }> {
  const { rows } = await client.query<StoredPart & { part_count: number }>(
    `/* source.lock_part */
     select p.*, (select count(*)::int from source.part where file_id = $1) as part_count
     from source.part p where p.file_id = $1 and p.part_number = $2 for update`,
    [fileId, partNumber],
  );
  const row = rows[0];
  if (row === undefined) {
    throw new Fault('part_unknown', `File ${fileId} has no part ${partNumber}. Start the load again.`);
  }
  return { part: toPart(row), partCount: row.part_count };
}

/** The parts of a file in order. */
export async function listParts(database: Queryable, fileId: number): Promise<PartRow[]> {
  const { part: rows } = await ledger(database);
  const parts = await rows.findMany({ where: { file_id: fileId }, orderBy: { part_number: 'asc' } });
  return parts.map(toPart);
}

/** Marks a part as loaded, in the transaction of its COPY. */
export async function markPartLoaded(
  client: pg.ClientBase,
  fileId: number,
  partNumber: number,
  counts: { loaded: number; rejected: number },
): Promise<void> {
  await client.query(
    `/* source.mark_part_loaded */
     update source.part set state = 'loaded', loaded_count = $3, reject_count = $4, loaded_date = now()
     where file_id = $1 and part_number = $2`,
    [fileId, partNumber, counts.loaded, counts.rejected],
  );
}

/** A row as Prisma (bigint as BigInt) or `pg` (bigint as text) returns it. */
interface StoredPart {
  readonly part_number: number;
  readonly byte_start: bigint | string;
  readonly byte_end: bigint | string;
  readonly first_record: number;
  readonly first_line: number;
  readonly record_count: number;
  readonly method: string;
  readonly state: string;
  readonly loaded_count: number | null;
  readonly reject_count: number | null;
}

function toPart(row: StoredPart): PartRow {
  return {
    number: row.part_number,
    byteStart: Number(row.byte_start),
    byteEnd: Number(row.byte_end),
    firstRecord: row.first_record,
    firstLine: row.first_line,
    recordCount: row.record_count,
    method: row.method as PartMethod,
    state: row.state as PartRow['state'],
    loadedCount: row.loaded_count,
    rejectCount: row.reject_count,
  };
}
