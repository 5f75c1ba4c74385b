import { beforeAll, expect, it } from 'vitest';
import { finishClean } from '../../../src/warehouse/clean/finish-clean.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { loadRecords } from '../source-rows.js';

const database = useDatabase();
beforeAll(() => install(database.pools.pipeline));

it('reports each record with irregular quotes once as an issue, however often its file is cleaned', async () => {
  const pool = database.pools.pipeline;
  const file = await loadRecords(pool, 'movies_metadata', '2017-08', [{ id: '1', title: 'The 12" Single' }]);
  await pool.query(`insert into source.irregular_record values ($1, 1, 2, 'title', 'What was found.')`, [
    file,
  ]);
  await clean(pool, [file]);
  await finishClean(pool, [file]);
  const { rows } = await pool.query(
    'select file_id, record_number, table_name, column_name, value, reason, detail from support.issue',
  );
  expect(rows).toEqual([
    {
      file_id: file,
      record_number: 1,
      table_name: 'src_movies_metadata',
      column_name: 'title',
      value: null,
      reason: 'irregular_quotes',
      detail: 'Line 2: What was found.',
    },
  ]);
});
