import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { type Delivery, readDrop } from '../../src/source/drop/drop.js';
import type { Feed } from '../../src/source/feed.js';
import { backupPath, type Storage } from '../../src/source/storage/storage.js';
import { type FileLoadOptions, loadFile } from './load-drop.js';

/** A feed with a table of its own in the test's database, since the engine is tested apart from any data set. */
export const things: Feed = { name: 'things', fileName: 'things.csv', columns: ['id', 'Name', 'note'] };

/** Creates the table of {@link things}, partitioned like those of the real feeds. */
export async function createThingsTable(owner: pg.Pool): Promise<void> {
  await owner.query(`create table source.src_things (
    id text, "Name" text, note text, extra jsonb, file_id int not null, record_number int not null, created_date timestamptz(6) not null
  ) partition by list (file_id);
  alter table source.src_things owner to marquee_pipeline`);
}

/** A folder for drops and storage, made before the tests and removed after them. */
export function useFolder(): { path: string; storage: Storage } {
  const folder = { path: '', storage: { folder: '' } };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'marquee-source-'));
    folder.storage = { folder: join(folder.path, 'storage') };
  });
  afterAll(() => rm(folder.path, { recursive: true, force: true }));
  return folder;
}

let drops = 0;

/** Writes a drop of one file. */
export async function deliver(
  folder: { path: string },
  bytes: Buffer | string,
  fileName = things.fileName,
  feed: Feed = things,
): Promise<Delivery> {
  const drop = await mkdtemp(join(folder.path, `drop-${drops++}-`));
  await writeFile(join(drop, fileName), bytes);
  const { deliveries } = await readDrop(drop, [feed]);
  return deliveries[0]!;
}

/** Loads a delivery of {@link things}. */
export async function loadDelivery(
  pool: pg.Pool,
  folder: { storage: Storage },
  delivery: Delivery,
  options: FileLoadOptions & { period?: string } = {},
) {
  const period = options.period ?? '2017-08';
  return await loadFile(pool, folder.storage, [delivery.feed], delivery, period, options);
}

/** Writes a drop of one file and loads it. */
export async function loadBytes(
  pool: pg.Pool,
  folder: { path: string; storage: Storage },
  bytes: Buffer | string,
  options: FileLoadOptions & { fileName?: string; feed?: Feed; period?: string } = {},
) {
  const delivery = await deliver(folder, bytes, options.fileName, options.feed);
  return await loadDelivery(pool, folder, delivery, options);
}

/** The backup of a file, as if the vendor had delivered it. */
export async function backupOf(
  pool: pg.Pool,
  { storage }: { storage: Storage },
  fileId: number,
): Promise<Delivery> {
  const { rows } = await pool.query('select name, backup_name from source.file where id = $1', [fileId]);
  const path = backupPath(storage, rows[0].backup_name);
  const compression = path.endsWith('.gz') ? 'gzip' : 'none';
  return { feed: things, folder: storage.folder, path, name: rows[0].name, compression };
}

/** Removes a loaded file of {@link things} from the database and loads its backup. */
export async function loadFromBackup(
  pool: pg.Pool,
  folder: { storage: Storage },
  fileId: number,
  options: FileLoadOptions = {},
) {
  const backup = await backupOf(pool, folder, fileId);
  await pool.query(
    `drop table source.src_things_f${fileId};
     delete from source.reject where file_id = ${fileId};
     delete from source.part where file_id = ${fileId};
     delete from source.file where id = ${fileId}`,
  );
  return await loadDelivery(pool, folder, backup, options);
}

/** The rows of a file in its table, in order. */
export async function rowsOf(
  pool: pg.Pool,
  fileId: number,
): Promise<{ record_number: number; values: (string | null)[]; extra: unknown }[]> {
  const { rows } = await pool.query(
    'select record_number, array[id, "Name", note] as values, extra from source.src_things where file_id = $1 order by record_number',
    [fileId],
  );
  return rows;
}

/** What the rows with this note come to, and the rejects of their files. The id of a row is its record number. */
export async function traceOf(
  pool: pg.Pool,
  note: string,
): Promise<{ files: number; rows: number; numbers: number; sum: string; rejects: number }> {
  const { rows } = await pool.query(
    `with found as (
       select file_id, record_number from source.src_things where note = $1 and id = record_number::text
     )
     select (select count(distinct file_id)::int from found) as files, count(*)::int as rows,
       count(distinct record_number)::int as numbers, coalesce(sum(record_number), 0)::text as sum,
       (select count(*)::int from source.reject where file_id in (select file_id from found)) as rejects
     from found`,
    [note],
  );
  return rows[0];
}
