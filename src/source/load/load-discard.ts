import { rm } from 'node:fs/promises';
import type pg from 'pg';
import { identifier } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import { type Feed, feedNamed } from '../feed.js';
import { type FileRow, isFinished, lockFileRow } from '../ledger/file-ledger.js';
import { listParts } from '../ledger/part-ledger.js';
import { backupPath, removeContent, type Storage } from '../storage/storage.js';
import { partTable } from './part-table.js';

/**
 * Removes an unfinished or held load completely: its parts, its rejects, its row in the ledger and its backup. It waits for
 * workers that are loading a part of it; later ones fail with file_unknown. Afterwards the same bytes can be received again.
 *
 * @throws Fault file_unknown; load_finished when the rows are visible, since other data may depend on them
 */
export async function discardLoad(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  fileId: number,
): Promise<void> {
  const file = await inTransaction(pool, async (client) => {
    const found = await lockFileRow(client, fileId, 'update');
    if (isFinished(found.state)) {
      throw new Fault(
        'load_finished',
        `${found.name} (file ${fileId}) is ${found.state} and cannot be discarded. Only unfinished or held loads can.`,
      );
    }
    await dropRows(client, feedNamed(feeds, found.feed), found);
    await client.query('/* source.delete_parts */ delete from source.part where file_id = $1', [fileId]);
    await client.query('/* source.delete_file */ delete from source.file where id = $1', [fileId]);
    return found;
  });
  await removeContent(storage, file.content_path);
  if (file.backup_name !== null) {
    await rm(backupPath(storage, file.backup_name), { force: true });
  }
}

/**
 * Discards the loads that have been idle for so long that they will not be continued.
 *
 * @param idleMilliseconds since the file was received and the last of its parts was loaded
 * @param underWay ids of files that will be continued all the same
 * @returns one sentence for each
 */
export async function discardAbandonedLoads(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  idleMilliseconds: number,
  underWay: readonly number[] = [],
): Promise<string[]> {
  const { rows } = await pool.query<Pick<FileRow, 'id' | 'name' | 'period'>>(
    `/* source.find_abandoned_loads */
     select f.id, f.name, f.period
     from source.file f
     left join source.part p on p.file_id = f.id
     where f.state = 'loading' and f.id <> all($2)
     group by f.id
     having greatest(f.created_date, max(p.loaded_date)) < now() - make_interval(secs => $1 / 1000.0)
     order by f.id`,
    [idleMilliseconds, underWay],
  );
  for (const { id } of rows) {
    await discardLoad(pool, storage, feeds, id);
  }
  return rows.map(
    ({ id, name, period }) => `The unfinished load of ${name} of ${period} (file ${id}) was discarded.`,
  );
}

/** Drops the rows of an unfinished file and its rejects. The ledger still has the file and its parts. */
async function dropRows(client: pg.ClientBase, feed: Feed, file: FileRow): Promise<void> {
  const parts = await listParts(client, file.id);
  const tables = parts.map((part) =>
    identifier('source', partTable(feed, file.id, part.number, parts.length)),
  );
  if (tables.length > 0) {
    await client.query(`/* source.drop_parts */ drop table if exists ${tables.join(', ')}`);
  }
  await client.query('/* source.delete_rejects */ delete from source.reject where file_id = $1', [file.id]);
}
