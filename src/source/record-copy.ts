import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { Fault } from '../fault.js';
import { columnList } from './column-plan.js';
import { LINE_FEED } from './csv-bytes.js';
import type { PartCounts, PartLoad } from './part-load.js';
import { createPartTable, type PartTarget } from './part-table.js';
import { type GoodRecord, readPart } from './record-reader.js';
import { insertRejects } from './reject-ledger.js';

/**
 * Reads a part record by record, copies the good ones with their numbers and keeps the others as rejects.
 *
 * @throws Fault file_changed when the part no longer holds the records that were counted
 */
export async function copyRecords(load: PartLoad): Promise<PartCounts> {
  const { client, feed, plan, file, part, partCount, path, limits, signal } = load;
  const target = await createPartTable(client, plan, feed, file.id, part, partCount);
  let loaded = 0;
  let rejected = 0;
  const content = await open(path);
  try {
    await readPart({ file: content, part, header: plan.header, limits }, async (good, rejects) => {
      signal?.throwIfAborted();
      await copyGood(load, target, good);
      await insertRejects(client, file, rejects);
      loaded += good.length;
      rejected += rejects.length;
    });
  } finally {
    await content.close();
  }
  if (loaded + rejected !== part.recordCount) {
    throw new Fault(
      'file_changed',
      `Part ${part.number} of ${file.name} held ${part.recordCount} records when it was surveyed and holds ${loaded + rejected} now; a file must not change while it is loaded. Deliver it again.`,
    );
  }
  await target.complete();
  return { loaded, rejected };
}

async function copyGood(load: PartLoad, target: PartTarget, good: readonly GoodRecord[]): Promise<void> {
  if (good.length === 0) {
    return;
  }
  const copy = load.client.query(
    copyFrom(
      `/* source: copy records */ copy ${target.copyInto} (record_number, ${columnList(load.plan.copied)}) from stdin (format csv, encoding 'UTF8')`,
    ),
  );
  await pipeline(Readable.from([numberedLines(good)]), copy);
}

/** The records as lines of CSV, each behind its number: record numbers of good records have gaps. */
function numberedLines(good: readonly GoodRecord[]): Buffer {
  const longestNumber = 11;
  const bytes = good.reduce((sum, record) => sum + record.bytes.length + longestNumber + 1, 0);
  const lines = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { number, bytes: record } of good) {
    at += lines.write(`${number},`, at, 'latin1');
    at += record.copy(lines, at);
    lines[at++] = LINE_FEED;
  }
  return lines.subarray(0, at);
}
