import { open } from 'node:fs/promises';
import { readPart } from '../src/source/csv/record-reader.js';
import type { Delivery } from '../src/source/drop/drop.js';
import { scanFile } from '../src/source/receive/scan.js';
import { defaultRecordLimits } from '../src/source/record-limits.js';

/** Writes a copy of a file without its broken records, at which a bare COPY would fail. */
export async function writeCleanCopy(delivery: Delivery, target: string): Promise<void> {
  await using file = await open(delivery.path);
  await using copy = await open(target, 'w');
  const scanned = await scanFile(file, delivery.feed, delivery.name, { limits: defaultRecordLimits });
  await copy.write(`${scanned.header.join(',')}\n`);
  for (const part of scanned.parts) {
    await readPart({ file, part, header: scanned.header, limits: defaultRecordLimits }, async (good) => {
      await copy.write(good.map((record) => `${record.bytes}\n`).join(''));
    });
  }
}
