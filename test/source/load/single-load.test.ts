import { createHash } from 'node:crypto';
import { appendFile, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from '../../../src/database/pool.js';
import { discardLoad } from '../../../src/source/load/load-discard.js';
import { finishLoad } from '../../../src/source/load/load-finisher.js';
import { loadPart } from '../../../src/source/load/part-loader.js';
import { receiveFile } from '../../../src/source/receive/receive.js';
import { backupPath, linkBackup } from '../../../src/source/storage/storage.js';
import { tidyStorage } from '../../../src/source/storage/storage-upkeep.js';
import { useDatabase } from '../../database-fixture.js';
import {
  createThingsTable,
  deliver,
  loadDelivery,
  loadFromBackup,
  things,
  traceOf,
  useFolder,
} from '../loading.js';

const database = useDatabase();
const folder = useFolder();
const workers: ReturnType<typeof openPool>[] = [];
beforeAll(async () => {
  await createThingsTable(database.pools.owner);
  workers.push(
    ...Array.from({ length: 4 }, (_, index) => openPool(database.urls.pipeline, `worker ${index}`)),
  );
});
afterAll(() => Promise.all(workers.map((pool) => pool.end())));

const RECORDS = 20_000;
const content = (note: string) =>
  `id,Name,note\n${Array.from({ length: RECORDS }, (_, index) => `${index + 1},name,${note}\n`).join('')}`;
const whole = { files: 1, rows: RECORDS, numbers: RECORDS };
const options = { partBytes: 70_000 };

/** Ten deliveries of the same bytes, under several names, each ingested by one of four workers, all at once. */
async function ingestTenTimes(note: string) {
  const names = ['things.csv', 'THINGS.csv', 'things-2017-08.csv'];
  const deliveries = await Promise.all(
    Array.from({ length: 10 }, (_, index) => deliver(folder, content(note), names[index % names.length])),
  );
  return await Promise.allSettled(
    deliveries.map((delivery, index) =>
      loadDelivery(workers[index % workers.length]!, folder, delivery, options),
    ),
  );
}

describe('ten ingests of one file by four workers', () => {
  it('make one load', async () => {
    const outcomes = await ingestTenTimes('ten at once');
    expect(outcomes.map(({ status }) => status)).toEqual(new Array(10).fill('fulfilled'));
    const results = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
    expect(new Set(results.map((result) => result!.received.fileId)).size).toBe(1);
    expect(results.filter((result) => result!.received.outcome === 'new')).toHaveLength(1);
    expect(await traceOf(database.pools.pipeline, 'ten at once')).toMatchObject(whole);
  });

  it('make several where the checksum does not tell them apart', async () => {
    await database.pools.owner.query(`
      create function source.spoil() returns trigger language plpgsql as
        $$ begin new.sha256 := new.sha256 || pg_catalog.gen_random_uuid(); return new; end $$;
      alter table source.file owner to marquee_pipeline`);
    await database.pools.pipeline.query(
      'create trigger spoil before insert on source.file for each row execute function source.spoil()',
    );
    try {
      await ingestTenTimes('ten spoiled');
      expect((await traceOf(database.pools.pipeline, 'ten spoiled')).files).toBeGreaterThan(1);
    } finally {
      await database.pools.pipeline.query('drop trigger spoil on source.file');
    }
  });
});

describe('the ledger of parts', () => {
  const receive = async (note: string) =>
    await receiveFile(
      database.pools.pipeline,
      folder.storage,
      await deliver(folder, content(note)),
      '2017-08',
      options,
    );
  const load = (fileId: number, part: number) => loadPart(database.pools.pipeline, [things], fileId, part);

  it('loads each part once, however often and whenever it is loaded again', async () => {
    const { fileId, openParts } = await receive('each part twice');
    const results = await Promise.all(openParts.flatMap((part) => [load(fileId, part), load(fileId, part)]));
    expect(results.filter(({ outcome }) => outcome === 'loaded')).toHaveLength(openParts.length);
    expect(results.filter(({ outcome }) => outcome === 'earlier')).toHaveLength(openParts.length);
    await finishLoad(database.pools.pipeline, [things], fileId);
    await finishLoad(database.pools.pipeline, [things], fileId);
    expect(await traceOf(database.pools.pipeline, 'each part twice')).toMatchObject(whole);
  });

  it('leaves a file that was withdrawn since as it is', async () => {
    const { fileId, openParts } = await receive('withdrawn since');
    for (const part of openParts) await load(fileId, part);
    await finishLoad(database.pools.pipeline, [things], fileId);
    await database.pools.pipeline.query("update source.file set state = 'withdrawn' where id = $1", [fileId]);
    expect(await finishLoad(database.pools.pipeline, [things], fileId)).toMatchObject({ state: 'withdrawn' });
    await expect(
      discardLoad(database.pools.pipeline, folder.storage, [things], fileId),
    ).rejects.toMatchObject({ code: 'load_finished' });
    const { rows } = await database.pools.pipeline.query('select state from source.file where id = $1', [
      fileId,
    ]);
    expect(rows).toEqual([{ state: 'withdrawn' }]);
  });

  it('is what a load goes on by: without it the second attempt fails', async () => {
    const { fileId, openParts } = await receive('forgotten');
    await load(fileId, openParts[0]!);
    await database.pools.pipeline.query("update source.part set state = 'planned' where file_id = $1", [
      fileId,
    ]);
    await expect(load(fileId, openParts[0]!)).rejects.toThrow(/already exists/);
  });

  it('keeps a load unseen until its last part is in', async () => {
    const { fileId, openParts } = await receive('part by part');
    for (const part of openParts) {
      await expect(finishLoad(database.pools.pipeline, [things], fileId)).rejects.toMatchObject({
        name: 'Failure',
        code: 'parts_missing',
      });
      await load(fileId, part);
      expect((await traceOf(database.pools.pipeline, 'part by part')).rows).toBe(0);
    }
    await finishLoad(database.pools.pipeline, [things], fileId);
    expect(await traceOf(database.pools.pipeline, 'part by part')).toMatchObject(whole);
  });
});

describe('a file that changes while it is received', () => {
  it.each(['things.csv', 'things.csv.gz'])('is refused, and nothing of it kept: %s', async (name) => {
    const bytes = (note: string) => (name.endsWith('.gz') ? gzipSync : Buffer.from)(content(note));
    const delivery = await deliver(folder, bytes(`goes away as ${name}`), name);
    await writeFile(`${delivery.path}.new`, bytes(`comes in as ${name}`));
    // The ledger is asked for its bytes when all of them were read, and before the file is kept.
    const { pipeline } = database.pools;
    const pool: typeof pipeline = Object.create(pipeline, {
      query: {
        value: async (text: string, values: unknown[]) => {
          await rename(`${delivery.path}.new`, delivery.path);
          return await pipeline.query(text, values);
        },
      },
    });
    await expect(receiveFile(pool, folder.storage, delivery, '2017-09', options)).rejects.toMatchObject({
      name: 'Fault',
      code: 'file_changed',
    });
    expect(await readdir(join(folder.storage.folder, 'expanded')).catch(() => [])).toEqual([]);
    expect(await readdir(join(folder.storage.folder, 'backup/2017-09')).catch(() => [])).toEqual([]);
    const { result } = await loadDelivery(pipeline, folder, delivery, options);
    expect(result).toMatchObject({ state: 'loaded', read: RECORDS });
    expect(await traceOf(pipeline, `goes away as ${name}`)).toMatchObject({ rows: 0 });
  });
});

describe('a file that changes between its scanned and its load', () => {
  it('is refused, whether its size or only its time tells', async () => {
    for (const change of [
      (path: string) => appendFile(path, '1,more,x\n'),
      (path: string) => utimes(path, new Date(), new Date(Date.now() + 5000)),
    ]) {
      const delivery = await deliver(folder, content(`changes ${Math.random()}`));
      const received = await receiveFile(
        database.pools.pipeline,
        folder.storage,
        delivery,
        '2017-08',
        options,
      );
      await change(delivery.path);
      await expect(
        loadPart(database.pools.pipeline, [things], received.fileId, received.openParts[0]!),
      ).rejects.toMatchObject({ name: 'Fault', code: 'file_changed' });
    }
  });

  it('is waited for when it is away, and found again when it is delivered again', async () => {
    const delivery = await deliver(folder, content('comes back'));
    const { fileId, openParts } = await receiveFile(
      database.pools.pipeline,
      folder.storage,
      delivery,
      '2017-08',
      options,
    );
    await rm(folder.storage.folder, { recursive: true });
    await expect(loadPart(database.pools.pipeline, [things], fileId, openParts[0]!)).rejects.toMatchObject({
      name: 'Failure',
      code: 'content_missing',
    });
    const { received, result } = await loadDelivery(database.pools.pipeline, folder, delivery, options);
    expect(received).toMatchObject({ outcome: 'joined', fileId });
    expect(result).toMatchObject({ state: 'loaded', read: RECORDS });
  });

  it('has what was delivered again as its backup as well', async () => {
    const { pipeline } = database.pools;
    const bytes = content('lost and sent again');
    const delivery = await deliver(folder, bytes);
    const { fileId } = await receiveFile(pipeline, folder.storage, delivery, '2017-08', options);
    await appendFile(delivery.path, '1,more,x\n'); // the backup is the vendor's own file
    const again = await deliver(folder, gzipSync(bytes), 'things.csv.gz');
    const { received, result } = await loadDelivery(pipeline, folder, again, options);
    expect(received).toMatchObject({ outcome: 'joined', fileId });
    expect(result).toMatchObject({ state: 'loaded', read: RECORDS });
    const { warnings } = await tidyStorage(pipeline, folder.storage);
    expect(warnings.filter((warning) => warning.includes(`(file ${fileId})`))).toEqual([]);
    const reloaded = await loadFromBackup(pipeline, folder, fileId, options);
    expect(reloaded.result).toMatchObject({ state: 'loaded', read: RECORDS });
  });
});

describe('a received that was killed between its backup and the ledger', () => {
  it.each([
    ['as it was', async () => undefined],
    ['changed since (it is the vendor’s own file)', (path: string) => appendFile(path, '1,more,x\n')],
  ])('does not hinder the same bytes when they are delivered again: its backup %s', async (what, change) => {
    const bytes = content(what);
    const killed = await deliver(folder, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const backup = await linkBackup(folder.storage, killed, '2017-08', sha256);
    await change(killed.path);
    const again = await deliver(folder, bytes);
    await utimes(again.path, new Date(), new Date(Date.now() + 5000));
    const { received, result } = await loadDelivery(database.pools.pipeline, folder, again, options);
    expect(received.outcome).toBe('new');
    expect(result).toMatchObject({ state: 'loaded', read: RECORDS });
    expect(await readFile(backupPath(folder.storage, backup!.name), 'utf8')).toBe(bytes);
  });
});
