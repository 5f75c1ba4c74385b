import { beforeAll, describe, expect, it } from 'vitest';
import { listRejects } from '../../../src/source/ledger/reject-ledger.js';
import { finishLoad } from '../../../src/source/load/load-finisher.js';
import { replayRejects } from '../../../src/source/load/reject-replay.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, loadBytes, rowsOf, things, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

const strict = { fieldBytes: 20, recordBytes: 1000 };
const long = 'a field that is longer than twenty bytes';
const countsOf = async (fileId: number) => {
  const { rows } = await database.pools.pipeline.query(
    `select f.state, f.record_count, f.reject_count, sum(p.loaded_count)::int as loaded, sum(p.reject_count)::int as rejected
     from source.file f join source.part p on p.file_id = f.id where f.id = $1 group by f.id`,
    [fileId],
  );
  return rows[0];
};

describe('replaying rejects', () => {
  it('loads those that pass now under their own numbers and keeps the others', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => {
      const number = index + 1;
      return number % 10 === 0 ? `${number},"${long}",` : number === 15 ? '15,broken' : `${number},name,`;
    });
    const { received } = await loadBytes(
      database.pools.pipeline,
      folder,
      `id,Name,note,bonus\n${lines.map((line) => (line === '15,broken' ? line : `${line},b`)).join('\n')}\n`,
      { limits: strict, partBytes: 100, rejectShare: 1 },
    );
    const { fileId } = received;
    expect(await countsOf(fileId)).toMatchObject({
      record_count: 30,
      reject_count: 4,
      loaded: 26,
      rejected: 4,
    });

    expect(
      await replayRejects(database.pools.pipeline, [things], { fileId }, { limits: strict }),
    ).toMatchObject([{ tried: 4, loaded: 0 }]);
    expect(await replayRejects(database.pools.pipeline, [things], { reason: 'field_count' })).toMatchObject([
      { tried: 1, loaded: 0 },
    ]);
    expect(await replayRejects(database.pools.pipeline, [things], { feed: 'things' })).toMatchObject([
      { fileId, feed: 'things', period: '2017-08', tried: 4, loaded: 3 },
    ]);
    const rows = await rowsOf(database.pools.pipeline, fileId);
    expect(rows.map((row) => row.record_number)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1).filter((number) => number !== 15),
    );
    expect(rows[9]).toEqual({ record_number: 10, values: ['10', long, null], extra: { bonus: 'b' } });
    expect(await countsOf(fileId)).toMatchObject({
      record_count: 30,
      reject_count: 1,
      loaded: 29,
      rejected: 1,
    });
    expect(await listRejects(database.pools.pipeline, { fileId, open: true })).toMatchObject([
      { record_number: 15, reason: 'field_count', replayed_date: null },
    ]);
    expect(await listRejects(database.pools.pipeline, { fileId })).toHaveLength(4);

    expect(await replayRejects(database.pools.pipeline, [things], { fileId })).toMatchObject([
      { tried: 1, loaded: 0 },
    ]);
    expect(await rowsOf(database.pools.pipeline, fileId)).toHaveLength(29);
  });

  it('lets a held load through when enough of it passes', async () => {
    const { received, result } = await loadBytes(
      database.pools.pipeline,
      folder,
      `id,Name,note\n1,a,b\n2,"${long}",b\n3,a,b\n`,
      { limits: strict, partBytes: 1 },
    );
    expect(result).toMatchObject({ state: 'held', rejected: 1 });
    expect(await replayRejects(database.pools.pipeline, [things], { fileId: received.fileId })).toMatchObject(
      [{ tried: 1, loaded: 1 }],
    );
    expect(await finishLoad(database.pools.pipeline, [things], received.fileId)).toMatchObject({
      state: 'loaded',
      read: 3,
      loaded: 3,
      rejected: 0,
    });
    expect((await rowsOf(database.pools.pipeline, received.fileId)).map((row) => row.values[0])).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('leaves alone what cannot come back: the head of a long record, and what cleaning rejected', async () => {
    const { received } = await loadBytes(
      database.pools.pipeline,
      folder,
      `id,Name,note\n1,a,b\n2,${'x'.repeat(2000)},b\n`,
      { limits: strict, rejectShare: 1 },
    );
    const { fileId } = received;
    await database.pools.pipeline.query(
      `insert into source.reject (file_id, feed, record_number, line_number, raw, reason, detail)
       values ($1, 'things', 1, 2, '1,a,b', 'key_not_usable', 'for a test')`,
      [fileId],
    );
    expect(await replayRejects(database.pools.pipeline, [things], { fileId })).toMatchObject([
      { tried: 1, loaded: 0 },
    ]);
    expect(await rowsOf(database.pools.pipeline, fileId)).toHaveLength(1);
  });
});
