import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { listRejects } from '../../../src/source/ledger/reject-ledger.js';
import { discardAbandonedLoads, discardLoad } from '../../../src/source/load/load-discard.js';
import { loadPart } from '../../../src/source/load/part-loader.js';
import { receiveFile } from '../../../src/source/receive/receive.js';
import { backupPath } from '../../../src/source/storage/storage.js';
import { tidyStorage } from '../../../src/source/storage/storage-upkeep.js';
import { useDatabase } from '../../database-fixture.js';
import {
  backupOf,
  createThingsTable,
  deliver,
  loadBytes,
  loadDelivery,
  loadFromBackup,
  rowsOf,
  things,
  useFolder,
} from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

const content = (note: string) =>
  `id,Name,note\n${Array.from({ length: 3000 }, (_, index) => (index === 500 ? 'broken\n' : `${index + 1},"a name",${note}\n`)).join('')}`;
const ledgerOf = async (fileId: number) =>
  (await database.pools.pipeline.query('select * from source.file where id = $1', [fileId])).rows[0];

describe('upkeep', () => {
  it('compresses the backup of a finished load, from which it is loaded again when needed', async () => {
    const text = content('compressed');
    const { received } = await loadBytes(database.pools.pipeline, folder, text, { partBytes: 10_000 });
    const before = await rowsOf(database.pools.pipeline, received.fileId);
    const plain = (await ledgerOf(received.fileId)).backup_name;
    expect(await tidyStorage(database.pools.pipeline, folder.storage)).toMatchObject({
      compressed: 1,
      warnings: [],
    });
    const { backup_name: name } = await ledgerOf(received.fileId);
    expect(name).toBe(`${plain}.gz`);
    expect(gunzipSync(await readFile(backupPath(folder.storage, name))).toString()).toBe(text);
    await expect(readFile(backupPath(folder.storage, plain))).rejects.toThrow('ENOENT');
    expect(await tidyStorage(database.pools.pipeline, folder.storage)).toMatchObject({ compressed: 0 });

    const { result, received: again } = await loadFromBackup(
      database.pools.pipeline,
      folder,
      received.fileId,
      { partBytes: 7000 },
    );
    expect(again.outcome).toBe('new');
    expect(result).toMatchObject({
      fileId: again.fileId,
      state: 'loaded',
      read: 3000,
      loaded: 2999,
      rejected: 1,
    });
    expect(await rowsOf(database.pools.pipeline, again.fileId)).toEqual(before);
    expect(await listRejects(database.pools.pipeline, { fileId: again.fileId })).toHaveLength(1);
  });

  it('reports a backup that was changed or is gone, and keeps the loaded rows', async () => {
    const { received } = await loadBytes(database.pools.pipeline, folder, content('changed backup'));
    const backup = await backupOf(database.pools.pipeline, folder, received.fileId);
    const tidy = () => tidyStorage(database.pools.pipeline, folder.storage);
    await writeFile(backup.path, content('something else'));
    expect((await tidy()).warnings).toEqual([
      expect.stringContaining('no longer has the bytes that were loaded'),
    ]);
    // Its bytes are those of another file.
    const changed = await loadDelivery(database.pools.pipeline, folder, backup);
    expect(changed.received.outcome).toBe('new');
    expect(changed.received.fileId).not.toBe(received.fileId);
    await rm(backup.path);
    await expect(loadDelivery(database.pools.pipeline, folder, backup)).rejects.toMatchObject({
      name: 'Fault',
      code: 'file_unreadable',
    });
    expect((await tidy()).warnings).toEqual([
      expect.stringContaining(`The backup of things.csv (file ${received.fileId}) is missing`),
    ]);
    expect(await rowsOf(database.pools.pipeline, received.fileId)).toHaveLength(2999);
    await database.pools.pipeline.query(
      "update source.file set backup_name = backup_name || '.gz' where id = $1",
      [received.fileId],
    );
  });

  it('writes the backup of a file that could not be linked', async () => {
    const text = content('not linked');
    const { received } = await loadBytes(database.pools.pipeline, folder, text);
    const { backup_name: name } = await ledgerOf(received.fileId);
    const elsewhere = join(folder.path, 'elsewhere.csv');
    await writeFile(elsewhere, text);
    await rm(backupPath(folder.storage, name));
    await database.pools.pipeline.query(
      'update source.file set backup_name = null, content_path = $2 where id = $1',
      [received.fileId, elsewhere],
    );
    expect(await tidyStorage(database.pools.pipeline, folder.storage)).toMatchObject({
      compressed: 1,
      warnings: [],
    });
    const written = await readFile(backupPath(folder.storage, (await ledgerOf(received.fileId)).backup_name));
    expect(gunzipSync(written).toString()).toBe(text);
    expect(await readFile(elsewhere, 'utf8')).toBe(text);
  });

  it('removes uncompressed files that no load knows once they are old', async () => {
    const expanded = join(folder.storage.folder, 'expanded');
    await mkdir(expanded, { recursive: true });
    await writeFile(join(expanded, 'young.csv'), 'x');
    await writeFile(join(expanded, 'old.csv'), 'x');
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(join(expanded, 'old.csv'), longAgo, longAgo);
    expect(await tidyStorage(database.pools.pipeline, folder.storage)).toMatchObject({ removed: 1 });
    expect(await readFile(join(expanded, 'young.csv'), 'utf8')).toBe('x');
  });
});

describe('discarding', () => {
  it('removes an unfinished load completely, so that its file can be loaded again', async () => {
    const delivery = await deliver(folder, content('discarded'));
    const received = await receiveFile(database.pools.pipeline, folder.storage, delivery, '2017-08', {
      partBytes: 10_000,
    });
    await loadPart(database.pools.pipeline, [things], received.fileId, 1);
    await loadPart(database.pools.pipeline, [things], received.fileId, 2);
    const { backup_name: name } = await ledgerOf(received.fileId);
    await discardLoad(database.pools.pipeline, folder.storage, [things], received.fileId);
    expect(await ledgerOf(received.fileId)).toBeUndefined();
    await expect(readFile(backupPath(folder.storage, name))).rejects.toThrow('ENOENT');
    const { rows } = await database.pools.pipeline.query(
      "select relname from pg_catalog.pg_class where starts_with(relname, 'src_things_f' || $1::text)",
      [received.fileId],
    );
    expect(rows).toEqual([]);
    await expect(loadPart(database.pools.pipeline, [things], received.fileId, 3)).rejects.toMatchObject({
      code: 'file_unknown',
    });
    const again = await loadDelivery(database.pools.pipeline, folder, delivery);
    expect(again.received.outcome).toBe('new');
    expect(again.result).toMatchObject({ state: 'loaded', read: 3000 });
  });

  it('refuses a finished load', async () => {
    const { received } = await loadBytes(database.pools.pipeline, folder, content('finished'));
    await expect(
      discardLoad(database.pools.pipeline, folder.storage, [things], received.fileId),
    ).rejects.toMatchObject({ code: 'load_finished' });
    expect(await rowsOf(database.pools.pipeline, received.fileId)).toHaveLength(2999);
  });

  it('finds the loads nobody goes on with', async () => {
    const delivery = await deliver(folder, content('abandoned'));
    const { fileId } = await receiveFile(database.pools.pipeline, folder.storage, delivery, '2017-08');
    const discard = (idle: number) =>
      discardAbandonedLoads(database.pools.pipeline, folder.storage, [things], idle);
    expect(await discard(60_000)).toEqual([]);
    expect(await discard(0)).toEqual([expect.stringContaining(`things.csv of 2017-08 (file ${fileId})`)]);
    expect(await ledgerOf(fileId)).toBeUndefined();
  });
});
