import { describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { listMaskedRejects } from '../../../src/warehouse/masking/masked-rejects.js';
import { maskRecord, personalColumns } from '../../../src/warehouse/masking/pii-mask.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { loadRecords } from '../source-rows.js';

const header = ['userId', 'movieId', 'rating', 'timestamp'];
const personal = new Set(['userId']);

describe('a record shown to users', () => {
  const database = useDatabase();

  it.each([
    ['4711,1,5.0,1', '***,1,5.0,1'],
    ['"47""11","a,b",5.0,', '***,"a,b",5.0,'],
    ['4711,1,5.0', '***'],
    ['1,4711,1,5.0,1', '***'],
    ['"4711', '***'],
  ])('has no personal data in it: %s', async (raw, shown) => {
    expect(await maskRecord(raw, 'text', header, personal)).toBe(shown);
  });

  it('is masked completely when its bytes are not text', async () => {
    expect(await maskRecord('NDcxMQ==', 'base64', header, personal)).toBe('***');
  });

  it('is shown as it is when its feed has no personal data', async () => {
    expect(await maskRecord('"a', 'text', header, new Set())).toBe('"a');
  });

  it('states what is wrong with it, whatever the mapping names the rater', async () => {
    const pool = database.pools.pipeline;
    await install(
      pool,
      initialMapping.filter((row) => row.end_table === 'movie_ratings'),
    );
    const file = await loadRecords(pool, 'ratings', '2017-08', [
      { userId: '4711', movieId: 'x', rating: '5.0', timestamp: '1' },
    ]);
    await clean(pool, [file]);
    const [reject] = await listMaskedRejects(pool);
    expect(reject).toMatchObject({
      raw: '***,x,5.0,1',
      reason: 'key_not_usable',
      detail: 'The record\'s movieId is "x", expected a value of type integer.',
    });
  });

  it('hides the rater whatever the case of the column in the header', async () => {
    expect(await maskRecord('x,4711', 'text', ['MOVIEID', 'USERID'], personal)).toBe('x,***');
  });

  it('hides the rater in a column that was renamed in the mapping later', async () => {
    const pool = database.pools.pipeline;
    const renamed = initialMapping
      .filter((row) => row.end_table === 'movie_ratings')
      .map((row) => (row.source_field === 'userId' ? { ...row, source_field: 'viewer' } : row));
    const columns = async () => [...(await personalColumns(pool)).get('src_ratings')!].sort();
    expect(await columns()).toEqual(['userId']);
    await install(pool, renamed);
    expect(await columns()).toEqual(['userId', 'viewer']);
    const [reject] = await listMaskedRejects(pool);
    expect(reject).toMatchObject({ raw: '***,x,5.0,1' });
  });
});
