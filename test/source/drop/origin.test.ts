import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDrop } from '../../../src/source/drop/drop.js';
import { markAsSample } from '../../../src/source/drop/origin.js';
import { readHomeOrigin, refuseForeign } from '../../../src/source/ledger/home-origin.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, loadDelivery, things, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

async function newDrop(text: string, isMarked: boolean): Promise<string> {
  const drop = await mkdtemp(join(folder.path, 'drop-'));
  await writeFile(join(drop, 'things.csv'), text);
  if (isMarked) await markAsSample(drop, ['things.csv']);
  return drop;
}
const originOf = async (drop: string) => (await readDrop(drop, [things])).origin;

describe('the origin of a drop', () => {
  it('is the sample when it is marked, also after an edit, but not for other files of the same names', async () => {
    const drop = await newDrop('id,Name,note\n1,one,a\n', true);
    expect(await originOf(drop)).toBe('sample');
    await appendFile(join(drop, 'things.csv'), '2,two,b\n');
    expect(await originOf(drop)).toBe('sample');
    const text = await readFile(join(drop, 'things.csv'), 'utf8');
    await writeFile(join(drop, 'things.csv'), text.replace('1,one', '1,uno'));
    expect(await originOf(drop)).toBe('own');
    expect(await originOf(await newDrop('id,Name,note\n1,one,a\n', false))).toBe('own');
  });

  it('is not the sample when it has another file, or a damaged mark', async () => {
    const drop = await newDrop('id,Name,note\n1,one,a\n', true);
    await writeFile(join(drop, 'things-2017-08.csv'), 'id,Name,note\n1,one,a\n');
    expect(await originOf(drop)).toBe('own');
    const damaged = await newDrop('id,Name,note\n1,one,a\n', true);
    await writeFile(join(damaged, '.marquee-sample'), '{');
    expect(await originOf(damaged)).toBe('own');
  });
});

describe('a database', () => {
  it('takes its origin from its first file, and the sample takes no other files', async () => {
    const pool = database.pools.pipeline;
    const load = async (text: string, origin: 'sample' | 'own') => {
      const { deliveries } = await readDrop(await newDrop(text, false), [things]);
      return loadDelivery(pool, folder, deliveries[0]!, { origin });
    };
    expect(await readHomeOrigin(pool)).toBeUndefined();
    await refuseForeign(pool, 'own', 'drop');
    await load('id,Name,note\n1,one,a\n', 'sample');
    expect(await readHomeOrigin(pool)).toBe('sample');
    await expect(load('id,Name,note\n2,two,b\n', 'own')).rejects.toMatchObject({
      code: 'drop_foreign',
      message: expect.stringMatching(/^things\.csv was not written by marquee sample, .* --fresh DROP/),
    });
    await expect(refuseForeign(pool, 'own', 'drop')).rejects.toMatchObject({ code: 'drop_foreign' });
    expect(await load('id,Name,note\n2,two,b\n', 'sample')).toMatchObject({ result: { state: 'loaded' } });
    const { rows } = await pool.query('select count(*)::int as files from source.file');
    expect(rows).toEqual([{ files: 2 }]);
  });
});
