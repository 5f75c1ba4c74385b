import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { readWindows } from '../csv/byte-window.js';
import type { Part } from '../csv/part.js';
import { readPart } from '../csv/record-reader.js';
import { insertIrregular } from '../ledger/irregular-ledger.js';
import { insertRejects } from '../ledger/reject-ledger.js';
import { PartSplitter } from '../parts/part-splitter.js';
import { copyPieceBytes } from './byte-copy.js';
import { copyNumbered } from './numbered-copy.js';
import type { PartCounts, PartLoad } from './part-load.js';
import { createPartTable, type PartTarget } from './part-table.js';

/** Only the piece with a broken record is read record by record, not the whole part; that takes 20 ms per piece. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Loads a part that cannot be sent to COPY unchanged. It is split into pieces. Intact pieces are still sent as bytes. The
 * others are read record by record: good records are copied with their numbers, the rest is stored as rejects.
 *
 * @throws Fault file_changed when the part no longer contains the records that were counted
 */
export async function copyRecords(load: PartLoad): Promise<PartCounts> {
  const { client, feed, plan, file, part, partCount, path, signal } = load;
  const target = await createPartTable(client, plan, feed, file.id, part, partCount);
  const total = { loaded: 0, rejected: 0 };
  const content = await open(path);
  try {
    for (const piece of await cutPieces(load, content)) {
      signal?.throwIfAborted();
      const asBytes = piece.method === 'copy' ? await copyPieceBytes(load, target, piece) : undefined;
      const counts = asBytes ?? (await copyPieceRecords(load, target, piece, content));
      total.loaded += counts.loaded;
      total.rejected += counts.rejected;
    }
  } finally {
    await content.close();
  }
  if (total.loaded + total.rejected !== part.recordCount) {
    throw new Fault(
      'file_changed',
      `Part ${part.number} of ${file.name} had ${part.recordCount} records when it was scanned and has ${total.loaded + total.rejected} now. A file must not change while it is loaded. Deliver it again.`,
    );
  }
  await target.complete();
  return total;
}

async function cutPieces({ part, plan, limits }: PartLoad, content: FileHandle): Promise<readonly Part[]> {
  const splitter = new PartSplitter({
    columnCount: plan.header.length,
    limits,
    byteStart: part.byteStart,
    firstRecord: part.firstRecord,
    firstLine: part.firstLine,
    partBytes: PIECE_BYTES,
  });
  const range = { start: part.byteStart, end: part.byteEnd };
  await readWindows(content, range, (window, to, final) => splitter.take(window, to, final));
  return splitter.parts;
}

async function copyPieceRecords(
  { client, feed, plan, file, limits, signal }: PartLoad,
  target: PartTarget,
  piece: Part,
  content: FileHandle,
): Promise<PartCounts> {
  let loaded = 0;
  let rejected = 0;
  const reading = { file: content, part: piece, header: plan.header, limits, kinds: feed.kinds };
  await readPart(reading, async (good, rejects) => {
    signal?.throwIfAborted();
    await copyNumbered(client, target.copyInto, plan, good);
    await insertRejects(client, file, rejects);
    await insertIrregular(client, file, good);
    loaded += good.length;
    rejected += rejects.length;
  });
  return { loaded, rejected };
}
