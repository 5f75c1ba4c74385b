import { beforeAll, describe, expect, it } from 'vitest';
import { discardLoad } from '../../../src/source/load/load-discard.js';
import { replayRejects } from '../../../src/source/load/reject-replay.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, loadBytes, rowsOf, things, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

const irregular = async (fileId: number) =>
  (
    await database.pools.pipeline.query(
      'select record_number, line_number, column_name from source.irregular_record where file_id = $1 order by 1',
      [fileId],
    )
  ).rows;

describe('a record with irregular quotes of which only one reading fits', () => {
  it('is loaded as it is and listed with its line and column', async () => {
    const { received } = await loadBytes(
      database.pools.pipeline,
      folder,
      'id,Name,note\n1,"a\nb",x\n2,say "hi" again,x\n3,plain,5" pipe\n',
      { partBytes: 1 },
    );
    const { fileId } = received;
    const rows = await rowsOf(database.pools.pipeline, fileId);
    expect(rows.map(({ values }) => values)).toEqual([
      ['1', 'a\nb', 'x'],
      ['2', 'say "hi" again', 'x'],
      ['3', 'plain', '5" pipe'],
    ]);
    expect(await irregular(fileId)).toEqual([
      { record_number: 2, line_number: 4, column_name: 'Name' },
      { record_number: 3, line_number: 5, column_name: 'note' },
    ]);
  });

  it('is listed when a replay loads it, and no longer when its load is discarded', async () => {
    const { received } = await loadBytes(
      database.pools.pipeline,
      folder,
      'id,Name,note\n1,one,x\n2,a long name with "marks" in it,x\n',
      { limits: { fieldBytes: 20, recordBytes: 1000 } },
    );
    const { fileId } = received;
    expect(await irregular(fileId)).toEqual([]);
    expect(await replayRejects(database.pools.pipeline, [things], { fileId })).toMatchObject([{ loaded: 1 }]);
    expect(await irregular(fileId)).toEqual([{ record_number: 2, line_number: 3, column_name: 'Name' }]);

    await discardLoad(database.pools.pipeline, folder.storage, [things], fileId);
    expect(await irregular(fileId)).toEqual([]);
  });
});
