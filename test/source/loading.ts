import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { readDrop } from '../../src/source/drop.js';
import type { Feed } from '../../src/source/feed.js';
import { type FileLoadOptions, loadFile } from '../../src/source/file-load.js';
import type { Storage } from '../../src/source/storage.js';

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

/** Writes a drop of one file and loads it. */
export async function loadBytes(
  pool: pg.Pool,
  folder: { path: string; storage: Storage },
  bytes: Buffer | string,
  options: FileLoadOptions & { fileName?: string; feed?: Feed; period?: string } = {},
) {
  const drop = await mkdtemp(join(folder.path, `drop-${drops++}-`));
  const feed = options.feed ?? things;
  await writeFile(join(drop, options.fileName ?? feed.fileName), bytes);
  const { deliveries } = await readDrop(drop, [feed]);
  return await loadFile(pool, folder.storage, [feed], deliveries[0]!, options.period ?? '2017-08', options);
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
