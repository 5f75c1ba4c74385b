import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { columnList } from './column-plan.js';
import type { PartCounts, PartLoad } from './part-load.js';
import { createPartTable } from './part-table.js';

const READ_BYTES = 256 * 1024;

/**
 * Hands the bytes of a part to COPY as they are.
 *
 * @returns undefined when COPY refused them, or took another number of records than the survey counted (before Postgres
 *   18 it takes a line `\.` for the end of the data and says nothing); nothing of the part is left then
 */
export async function copyBytes(load: PartLoad): Promise<PartCounts | undefined> {
  const { client, feed, plan, file, part, partCount, path, signal } = load;
  await client.query('savepoint before_copy');
  try {
    const target = await createPartTable(client, plan, feed, file.id, part, partCount);
    const copy = client.query(
      copyFrom(
        `/* source: copy part as bytes */ copy ${target.copyInto} (${columnList(plan.copied)}) from stdin (format csv, freeze, encoding 'UTF8')`,
      ),
    );
    const bytes = createReadStream(path, {
      start: part.byteStart,
      end: part.byteEnd - 1,
      highWaterMark: READ_BYTES,
    });
    await pipeline(bytes, copy, { signal });
    if (copy.rowCount === part.recordCount) {
      await target.complete();
      return { loaded: part.recordCount, rejected: 0 };
    }
  } catch (error) {
    if (!isRefusedData(error)) {
      throw error;
    }
  }
  await client.query('rollback to savepoint before_copy');
  return undefined;
}

/** Whether Postgres objects to the data (class 22 of its error codes), not to its own state or the connection. */
function isRefusedData(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('22');
}
