import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { attempt, badValue } from '../../database/savepoint.js';
import type { Part } from '../csv/part.js';
import { columnList } from './column-plan.js';
import type { PartCounts, PartLoad } from './part-load.js';
import { createPartTable, type PartTarget } from './part-table.js';

const READ_BYTES = 256 * 1024;

/**
 * Sends the bytes of a part to COPY unchanged.
 *
 * @returns undefined when COPY refused them or read another number of records than the scan counted (before Postgres 18 it
 *   silently takes a line `\.` as the end of the data); then nothing of the part is left
 */
export async function copyBytes(load: PartLoad): Promise<PartCounts | undefined> {
  const { client, feed, plan, file, part, partCount } = load;
  return await unlessRefused(load, async () => {
    const target = await createPartTable(client, plan, feed, file.id, part, partCount);
    // In a table created in the same subtransaction, COPY can write rows that need no later freezing.
    const counts = await copyStretch(load, target, part, ', freeze');
    if (counts !== undefined) {
      await target.complete();
    }
    return counts;
  });
}

/** The same for a piece of a part, into the table of the part. */
export async function copyPieceBytes(
  load: PartLoad,
  target: PartTarget,
  piece: Part,
): Promise<PartCounts | undefined> {
  return await unlessRefused(load, async () => {
    await target.numberFrom(piece.firstRecord);
    return await copyStretch(load, target, piece, '');
  });
}

async function copyStretch(
  { client, plan, path, signal }: PartLoad,
  target: PartTarget,
  stretch: Part,
  option: '' | ', freeze',
): Promise<PartCounts | undefined> {
  const copy = client.query(
    copyFrom(
      `/* source.copy_bytes */ copy ${target.copyInto} (${columnList(plan.copied)}) from stdin (format csv${option}, encoding 'UTF8')`,
    ),
  );
  const bytes = createReadStream(path, {
    start: stretch.byteStart,
    end: stretch.byteEnd - 1,
    highWaterMark: READ_BYTES,
  });
  await pipeline(bytes, copy, { signal });
  return copy.rowCount === stretch.recordCount ? { loaded: stretch.recordCount, rejected: 0 } : undefined;
}

/** Runs work that COPY may refuse; undefined, with everything undone, when it did. */
async function unlessRefused(
  { client }: PartLoad,
  work: () => Promise<PartCounts | undefined>,
): Promise<PartCounts | undefined> {
  const counts = await attempt(client, [badValue], async () => (await work()) ?? null);
  return counts ?? undefined;
}
