import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RejectedRecord, readPart } from '../../src/source/csv/record-reader.js';
import type { Feed } from '../../src/source/feed.js';
import { defaultLimits, type Limits } from '../../src/source/limits.js';
import type { Survey } from '../../src/source/parts/scanned-file.js';
import { surveyFile } from '../../src/source/receive/scan.js';

export const things: Feed = { name: 'things', fileName: 'things.csv', columns: ['id', 'name', 'note'] };

/** What a file says, read record by record, part by part. */
export interface Reading {
  readonly survey: Survey;
  readonly good: readonly { readonly number: number; readonly text: string }[];
  readonly rejected: readonly RejectedRecord[];
}

/** Writes the bytes to a file, surveys it and reads all its parts. */
export async function readBytes(
  bytes: Buffer | string,
  options: { feed?: Feed; partBytes?: number; limits?: Limits } = {},
): Promise<Reading> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-reading-'));
  const { feed = things, partBytes, limits = defaultLimits } = options;
  try {
    await writeFile(join(folder, feed.fileName), bytes);
    await using file = await open(join(folder, feed.fileName));
    const survey = await surveyFile(file, feed, feed.fileName, { limits, partBytes });
    const good: { number: number; text: string }[] = [];
    const rejected: RejectedRecord[] = [];
    for (const part of survey.parts) {
      let count = 0;
      await readPart({ file, part, header: survey.header, limits }, async (goodOnes, rejectedOnes) => {
        good.push(...goodOnes.map(({ number, bytes }) => ({ number, text: bytes.toString('utf8') })));
        rejected.push(...rejectedOnes);
        count += goodOnes.length + rejectedOnes.length;
      });
      if (count !== part.recordCount) {
        throw new Error(
          `part ${part.number} has ${part.recordCount} records by the cutter, ${count} by the reader`,
        );
      }
    }
    return { survey, good, rejected };
  } finally {
    await rm(folder, { recursive: true });
  }
}
