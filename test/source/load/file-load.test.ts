import { beforeAll, describe, expect, it } from 'vitest';
import { listRejects } from '../../../src/source/ledger/reject-ledger.js';
import { finishLoad } from '../../../src/source/load/load-finisher.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, loadBytes, rowsOf, things, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

const clean = (count: number) =>
  `id,Name,note\n${Array.from({ length: count }, (_, index) => `${index + 1},name ${index + 1},"note, ${index + 1}"\n`).join('')}`;

describe('loading a file', () => {
  it('makes every record of a clean file visible under its number', async () => {
    const { received, result } = await loadBytes(database.pools.pipeline, folder, clean(50_000), {
      partBytes: 100_000,
    });
    expect(received).toMatchObject({ outcome: 'new', recordCount: 50_000 });
    expect(received.openParts.length).toBeGreaterThan(5);
    expect(result).toMatchObject({ state: 'loaded', read: 50_000, loaded: 50_000, rejected: 0 });
    const rows = await rowsOf(database.pools.pipeline, received.fileId);
    expect(rows).toHaveLength(50_000);
    expect(
      rows.every((row, index) => row.record_number === index + 1 && row.values[0] === String(index + 1)),
    ).toBe(true);
  });

  it('does nothing for the same bytes under another name', async () => {
    const first = await loadBytes(database.pools.pipeline, folder, clean(3));
    const again = await loadBytes(database.pools.pipeline, folder, clean(3), {
      fileName: 'things-2017-08-31.csv',
    });
    expect(again.received).toMatchObject({ outcome: 'known', fileId: first.received.fileId });
    expect(again.received.notice).toMatch(
      /^things-2017-08-31\.csv has the same bytes as things\.csv of 2017-08 \(file \d+\).*Nothing was done\.$/,
    );
  });

  it('names the later file of the month whose values stay when the bytes of an earlier one are delivered again', async () => {
    const { pipeline } = database.pools;
    const load = (count: number) => loadBytes(pipeline, folder, clean(count));
    await load(4);
    const later = await load(5);
    expect((await load(4)).received.notice).toMatch(
      new RegExp(
        `\\. Nothing was done: the values of the later file things\\.csv of 2017-08 \\(file ${later.received.fileId}\\) stay\\. ` +
          'To replace them, .* withdraw file',
      ),
    );
    expect((await load(5)).received.notice).toMatch(/Nothing was done\.$/);
  });

  it('loads the same bytes for another month, and names the month they are in force for', async () => {
    const { pipeline } = database.pools;
    const first = await loadBytes(pipeline, folder, clean(6), { period: '2017-08' });
    const second = await loadBytes(pipeline, folder, clean(6), { period: '2017-09' });
    expect(second.received).toMatchObject({ outcome: 'new', period: '2017-09' });
    expect(second.received.warnings.join()).toContain(
      `has the same bytes as things.csv of 2017-08 (file ${first.received.fileId}), which stays in force`,
    );
    expect(await rowsOf(pipeline, second.received.fileId)).toEqual(
      await rowsOf(pipeline, first.received.fileId),
    );
    expect((await loadBytes(pipeline, folder, clean(6), { period: '2017-09' })).received.outcome).toBe(
      'known',
    );
  });

  it('loads bytes for the right month after they were withdrawn from the wrong one, and refuses them for the wrong one', async () => {
    const { pipeline } = database.pools;
    const wrong = await loadBytes(pipeline, folder, clean(7), { period: '2016-02' });
    await pipeline.query("update source.file set state = 'withdrawn' where id = $1", [wrong.received.fileId]);
    await expect(loadBytes(pipeline, folder, clean(7), { period: '2016-02' })).rejects.toMatchObject({
      code: 'file_withdrawn',
      message: expect.stringContaining(`marquee withdraw ${wrong.received.fileId} --undo --reason TEXT`),
    });
    const right = await loadBytes(pipeline, folder, clean(7), { period: '2017-02' });
    expect(right.received).toMatchObject({ outcome: 'new', period: '2017-02', warnings: [] });
  });

  it('keeps broken records as rejects and their neighbours as rows', async () => {
    const text = 'note,ID ,name,bonus\nx,1,one,\nbroken\nz,3,"three",b3\n';
    const { received, result } = await loadBytes(database.pools.pipeline, folder, text, { rejectShare: 0.5 });
    expect(result).toMatchObject({ state: 'loaded', read: 3, loaded: 2, rejected: 1 });
    expect(received.warnings[0]).toContain('“bonus”');
    expect(await rowsOf(database.pools.pipeline, received.fileId)).toEqual([
      { record_number: 1, values: ['1', 'one', 'x'], extra: { bonus: null } },
      { record_number: 3, values: ['3', 'three', 'z'], extra: { bonus: 'b3' } },
    ]);
    expect(await listRejects(database.pools.pipeline, { fileId: received.fileId })).toMatchObject([
      { record_number: 2, line_number: 3, raw: 'broken', reason: 'field_count' },
    ]);
  });

  it.each([
    ['read record by record', 0],
    ['handed to COPY as bytes', 4000],
  ])('rejects what is beyond a limit, and none of its neighbours, where they are %s', async (_how, ahead) => {
    const long = (letter: string, bytes: number) => letter.repeat(bytes);
    const good = Array.from({ length: ahead }, (_, index) => `a${index},name,"of the ${ahead}"`);
    const lines = [
      ...good,
      `1,${long('é', 25)},fits`, // 50 bytes, the most
      `2,${long('é', 25)}x,"a field of 51"`,
      '3,three,between',
      `4,"${long('y', 40)}","${long('z', 40)}"`, // together 87 bytes
      '5,five,last',
    ];
    const { received, result } = await loadBytes(
      database.pools.pipeline,
      folder,
      `id,Name,note\n${lines.join('\n')}\n`,
      { limits: { fieldBytes: 50, recordBytes: 80 }, rejectShare: 1 },
    );
    expect(result).toMatchObject({ read: ahead + 5, loaded: ahead + 3, rejected: 2 });
    const rows = await rowsOf(database.pools.pipeline, received.fileId);
    expect(rows.slice(ahead).map(({ values }) => values[0])).toEqual(['1', '3', '5']);
    expect(await listRejects(database.pools.pipeline, { fileId: received.fileId })).toMatchObject([
      {
        reason: 'field_too_long',
        record_number: ahead + 2,
        line_number: ahead + 3,
        raw: lines[ahead + 1],
        detail: 'Field “Name” is 51 bytes long, the limit is 50.',
      },
      {
        reason: 'record_too_long',
        record_number: ahead + 4,
        line_number: ahead + 5,
        raw: lines[ahead + 3]!.slice(0, 80),
        detail: 'The record is 87 bytes long, the limit is 80; only its beginning is kept.',
      },
    ]);
  });

  it('takes as many columns as the database has room for, and refuses one more before it reads a record', async () => {
    const wide = (count: number, value: string) => {
      const more = Array.from({ length: count - 3 }, (_, index) => `more ${index}`);
      return `id,Name,note,${more.join(',')}\n1,name,note,${more.map(() => value).join(',')}\n`;
    };
    // Text of 23 bytes takes most room in a row: what is longer may be moved out of it.
    for (const bytes of [1, 22, 23, 24, 200]) {
      const { received, result } = await loadBytes(
        database.pools.pipeline,
        folder,
        wide(300, 'x'.repeat(bytes)),
      );
      expect(result).toMatchObject({ state: 'loaded', loaded: 1 });
      const [row] = await rowsOf(database.pools.pipeline, received.fileId);
      expect(row!.extra).toMatchObject({ 'more 296': 'x'.repeat(bytes) });
    }
    await expect(loadBytes(database.pools.pipeline, folder, wide(301, 'x'))).rejects.toMatchObject({
      name: 'Fault',
      code: 'header_too_wide',
      message: expect.stringMatching(/^The header of things\.csv has 301 columns, the limit is 300\./),
    });
  });

  it('is held above the allowed share of rejects until somebody accepts it', async () => {
    const { received, result } = await loadBytes(
      database.pools.pipeline,
      folder,
      'id,Name,note\n1,a,b\n2,a\n',
    );
    expect(result).toMatchObject({ state: 'held', rejected: 1 });
    expect(result?.held).toContain('1 of 2 records of things.csv (50.00 %)');
    expect(await rowsOf(database.pools.pipeline, received.fileId)).toEqual([]);
    const accepted = await finishLoad(database.pools.pipeline, [things], received.fileId, {
      acceptedBy: 'admin',
    });
    expect(accepted).toMatchObject({ state: 'loaded', loaded: 1, rejected: 1 });
    expect(await rowsOf(database.pools.pipeline, received.fileId)).toHaveLength(1);
  });
});
