import { open } from 'node:fs/promises';
import { Fault } from '../fault.js';
import { copyNumbered } from './numbered-copy.js';
import type { PartCounts, PartLoad } from './part-load.js';
import { createPartTable } from './part-table.js';
import { readPart } from './record-reader.js';
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
      await copyNumbered(client, target.copyInto, plan, good);
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
