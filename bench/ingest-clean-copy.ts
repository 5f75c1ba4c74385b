import { open } from 'node:fs/promises';
import { readPart } from '../src/source/csv/record-reader.js';
import type { Delivery } from '../src/source/drop/drop.js';
import { defaultLimits } from '../src/source/limits.js';
import { surveyFile } from '../src/source/receive/scan.js';

/** Writes a file without its broken records, which a bare COPY would give up at. */
export async function writeCleanCopy(delivery: Delivery, target: string): Promise<void> {
  await using file = await open(delivery.path);
  await using copy = await open(target, 'w');
  const survey = await surveyFile(file, delivery.feed, delivery.name, { limits: defaultLimits });
  await copy.write(`${survey.header.join(',')}\n`);
  for (const part of survey.parts) {
    await readPart({ file, part, header: survey.header, limits: defaultLimits }, async (good) => {
      await copy.write(good.map((record) => `${record.bytes}\n`).join(''));
    });
  }
}
