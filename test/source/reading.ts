import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IrregularQuotes, type RejectedRecord, readPart } from '../../src/source/csv/record-reader.js';
import type { Feed } from '../../src/source/feed.js';
import type { ScannedFile } from '../../src/source/parts/scanned-file.js';
import { scanFile } from '../../src/source/receive/scan.js';
import { defaultRecordLimits, type RecordLimits } from '../../src/source/record-limits.js';

export const things: Feed = { name: 'things', fileName: 'things.csv', columns: ['id', 'name', 'note'] };

/** A record that can be loaded. */
export interface ReadRecord {
  readonly number: number;
  readonly text: string;
  readonly irregular: IrregularQuotes | undefined;
}

/** What a file says, read record by record, part by part. */
export interface Reading {
  readonly scanned: ScannedFile;
  readonly good: readonly ReadRecord[];
  readonly rejected: readonly RejectedRecord[];
}

/** Writes the bytes to a file, surveys it and reads all its parts. */
export async function readBytes(
  bytes: Buffer | string,
  options: { feed?: Feed; partBytes?: number; limits?: RecordLimits } = {},
): Promise<Reading> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-reading-'));
  const { feed = things, partBytes, limits = defaultRecordLimits } = options;
  try {
    await writeFile(join(folder, feed.fileName), bytes);
    await using file = await open(join(folder, feed.fileName));
    const scanned = await scanFile(file, feed, feed.fileName, { limits, partBytes });
    const good: ReadRecord[] = [];
    const rejected: RejectedRecord[] = [];
    for (const part of scanned.parts) {
      let count = 0;
      await readPart(
        { file, part, header: scanned.header, limits, kinds: feed.kinds },
        async (goodOnes, rejectedOnes) => {
          good.push(
            ...goodOnes.map(({ number, bytes, irregular }) => ({
              number,
              text: bytes.toString('utf8'),
              irregular,
            })),
          );
          rejected.push(...rejectedOnes);
          count += goodOnes.length + rejectedOnes.length;
        },
      );
      if (count !== part.recordCount) {
        throw new Error(
          `part ${part.number} has ${part.recordCount} records by the splitter, ${count} by the reader`,
        );
      }
    }
    return { scanned, good, rejected };
  } finally {
    await rm(folder, { recursive: true });
  }
}
