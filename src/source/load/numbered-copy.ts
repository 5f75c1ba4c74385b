import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { LINE_FEED } from '../csv/csv-bytes.js';
import type { GoodRecord } from '../csv/record-reader.js';
import { type ColumnPlan, columnList } from './column-plan.js';

const LONGEST_NUMBER = 11;

/** Copies good records with their numbers, which have gaps at rejects. */
export async function copyNumbered(
  client: pg.ClientBase,
  quotedTable: string,
  plan: ColumnPlan,
  good: readonly GoodRecord[],
): Promise<void> {
  if (good.length === 0) {
    return;
  }
  const copy = client.query(
    copyFrom(
      `/* source.copy_records */ copy ${quotedTable} (record_number, ${columnList(plan.copied)}) from stdin (format csv, encoding 'UTF8')`,
    ),
  );
  await pipeline(Readable.from([numberedLines(good)]), copy);
}

/** The records as CSV lines, each preceded by its number. */
function numberedLines(good: readonly GoodRecord[]): Buffer {
  const bytes = good.reduce((sum, record) => sum + record.bytes.length + LONGEST_NUMBER + 1, 0);
  const lines = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { number, bytes: record } of good) {
    at += lines.write(`${number},`, at, 'latin1');
    at += record.copy(lines, at);
    lines[at++] = LINE_FEED;
  }
  return lines.subarray(0, at);
}
