import { mkdir, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDrop } from '../../../src/source/drop/drop.js';
import { requireDiskSpace, sizeText } from '../../../src/source/storage/disk-space.js';
import { readDiskUse } from '../../../src/source/storage/disk-use.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, deliver, loadBytes, things, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(async () => {
  await createThingsTable(database.pools.owner);
  await mkdir(folder.storage.folder, { recursive: true });
});

describe('the disk space for a drop', () => {
  it('is enough for a small one', async () => {
    const delivery = await deliver(folder, 'id,Name,note\n1,one,x\n');
    const places = { storage: folder.storage.folder, database: folder.path };
    await expect(requireDiskSpace([delivery], places)).resolves.toBeUndefined();
  });

  it('is estimated from the size of the files, with the embedded database if there is one', async () => {
    const { bavail, bsize } = await statfs(folder.path);
    const drop = join(folder.path, 'large');
    await mkdir(drop);
    await writeFile(join(drop, things.fileName), 'id,Name,note\n1,one,x\n');
    await truncate(join(drop, things.fileName), Math.floor((bavail * bsize) / 2)); // takes no space
    const { deliveries } = await readDrop(drop, [things]);
    const storage = folder.storage.folder;
    await expect(requireDiskSpace(deliveries, { storage })).resolves.toBeUndefined();
    await expect(requireDiskSpace(deliveries, { storage, database: folder.path })).rejects.toMatchObject({
      code: 'disk_space_short',
      message: expect.stringMatching(
        /^The drop needs about \d[\d.]* [GTP]B on the disk of \/\S+, which has \d[\d.]* [GTP]B free\. Nothing was loaded\. Free some space, then retry the run\.$/,
      ),
    });
  });

  it('includes what a compressed file expands to, as it states itself', async () => {
    const { bavail, bsize } = await statfs(folder.path);
    const bytes = gzipSync('id,Name,note\n1,one,x\n');
    bytes.writeUInt32LE(2 ** 32 - 1, bytes.length - 4);
    const delivery = await deliver(folder, bytes, `${things.fileName}.gz`);
    const many = new Array(Math.ceil((bavail * bsize) / 2 ** 32) + 1).fill(delivery);
    const need = requireDiskSpace(many, { storage: folder.storage.folder });
    await expect(need).rejects.toMatchObject({ code: 'disk_space_short' });
  });
});

describe('the disk use of a drop', () => {
  it('is that of its tables and its files as delivered, for one or many parts', async () => {
    const text = `id,Name,note\n${Array.from({ length: 500 }, (_, n) => `${n},name,note\n`).join('')}`;
    for (const [period, partBytes] of [
      ['2017-08', undefined],
      ['2017-09', 2000],
    ] as const) {
      await loadBytes(database.pools.pipeline, folder, text, { period, partBytes });
    }
    const use = await readDiskUse(database.pools.pipeline, folder.storage);
    expect(use.map(({ period, files, backupBytes }) => ({ period, files, backupBytes }))).toEqual([
      { period: '2017-09', files: 1, backupBytes: text.length },
      { period: '2017-08', files: 1, backupBytes: text.length },
    ]);
    for (const { sourceBytes } of use) expect(sourceBytes).toBeGreaterThan(text.length);
  });
});

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1500, '1.5 kB'],
  [123_456_789, '123 MB'],
  [2.5e12, '2.5 TB'],
])('%d bytes are written as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
