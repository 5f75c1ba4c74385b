import { beforeEach, describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { judgeFile } from '../../../src/warehouse/clean/judge-file.js';
import { compareMappings } from '../../../src/warehouse/mapping/mapping-difference.js';
import {
  currentMapping,
  installMapping,
  mappingOfVersion,
} from '../../../src/warehouse/mapping/mapping-ledger.js';
import type { MappingRow } from '../../../src/warehouse/mapping/mapping-row.js';
import { mappingHash } from '../../../src/warehouse/mapping/mapping-row.js';
import { findRangeFault } from '../../../src/warehouse/mapping/value-range.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { emptyAll } from '../history/history.js';
import { verify } from '../rebuild/rebuilding.js';
import { loadRecords, type SourceRecord } from '../source-rows.js';

const changed = (field: string, change: Partial<MappingRow>) =>
  initialMapping.map((row) => (`${row.end_table}.${row.end_field}` === field ? { ...row, ...change } : row));
const row = (change: Partial<MappingRow>): MappingRow => ({ ...initialMapping[1]!, ...change });

describe('a range of valid values', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const load = (feed: string, records: SourceRecord[], period = '2017-08') =>
    loadRecords(pool(), feed, period, records);
  const query = async (text: string) => (await pool().query(text)).rows;

  beforeEach(async () => {
    await emptyAll(pool());
    await install(pool());
  });

  it.each([
    ['budget', '-5', 'numeric of at least 0'],
    ['revenue', '-0.01', 'numeric of at least 0'],
    ['runtime', '-90', 'numeric of at least 0'],
    ['popularity', '-1', 'numeric of at least 0'],
    ['vote_average', '10.1', 'numeric from 0 to 10'],
    ['vote_count', '-1', 'integer of at least 0'],
  ])('leaves out %s = %s with an issue, and keeps the ends of the range', async (column, value, expected) => {
    const { movies } = await clean(pool(), [
      await load('movies_metadata', [
        { id: '1', [column]: value },
        { id: '2', [column]: '0' },
        { id: '3', [column]: '10' },
      ]),
    ]);
    expect(movies).toMatchObject({ inserted: 3, rejected: 0, issues: 1 });
    const zero = ['budget', 'revenue'].includes(column) ? null : 0;
    expect(await query(`select ${column}::float as value from warehouse.movies order by movie_id`)).toEqual(
      [null, zero, 10].map((each) => ({ value: each })),
    );
    expect(
      await query('select record_number, column_name, value, reason, detail from support.issue'),
    ).toEqual([
      {
        record_number: 1,
        column_name: column,
        value,
        reason: 'value_out_of_range',
        detail: `The value is out of range, expected ${expected}; the field was left empty.`,
      },
    ]);
    expect(await verify(pool())).toEqual([]);
  });

  it('applies to the bulk fill of ratings, which no bad value slows down, as to single rows', async () => {
    const rating = (stars: string, id: number) => ({
      userId: String(id),
      movieId: '1',
      rating: stars,
      timestamp: '1',
    });
    const stars = () =>
      query('select rating::float as stars from warehouse.movie_ratings where not deleted order by 1');
    await clean(pool(), [await load('ratings', ['0.5', '5', '3', ''].map(rating))]);
    expect(await stars()).toEqual([0.5, 3, 5, null].map((each) => ({ stars: each })));
    expect(await query('select from support.issue')).toEqual([]);

    await emptyAll(pool());
    await install(pool());
    await clean(pool(), [await load('ratings', ['0.5', '5', '10', '0', 'x'].map(rating))]);
    expect(await stars()).toEqual([0.5, 5, null, null, null].map((each) => ({ stars: each })));
    expect(await query('select value, reason from support.issue order by record_number')).toEqual([
      { value: '10', reason: 'value_out_of_range' },
      { value: '0', reason: 'value_out_of_range' },
      { value: 'x', reason: 'value_not_castable' },
    ]);
  });

  it('can be a set of texts, with any character', async () => {
    await install(pool(), changed('movies.status', { allowed: `Released| it's; -- "x" ` }));
    await clean(pool(), [
      await load('movies_metadata', [
        { id: '1', status: 'Released' },
        { id: '2', status: `it's; -- "x"` },
        { id: '3', status: 'released' },
        { id: '4', status: '' },
      ]),
    ]);
    expect(await query('select status from warehouse.movies order by movie_id')).toEqual(
      ['Released', `it's; -- "x"`, null, null].map((status) => ({ status })),
    );
    expect(await query('select value, reason from support.issue')).toEqual([
      { value: 'released', reason: 'value_out_of_range' },
    ]);
  });

  it('rejects a record whose key is out of it, and leaves out an entry', async () => {
    await install(
      pool(),
      changed('movies.movie_id', { min: '1' }).map((each) =>
        each.end_table === 'genres' && each.is_key ? { ...each, max: '99' } : each,
      ),
    );
    const genres = "[{'id': 18, 'name': 'Drama'}, {'id': 100, 'name': 'Other'}]";
    await clean(pool(), [await load('movies_metadata', [{ id: '0' }, { id: '1', genres }])]);
    expect(await query('select movie_id from warehouse.movies')).toEqual([{ movie_id: 1 }]);
    expect(await query('select name from warehouse.genres')).toEqual([{ name: 'Drama' }]);
    expect(await query('select detail from source.reject')).toEqual([
      { detail: 'The record\'s id is "0", expected a value of type integer of at least 1.' },
    ]);
  });

  it('holds a load in which too many values are out of it', async () => {
    const stars = ['10', '8', '6', ...Array<string>(27).fill('4')];
    const records = stars.map((rating, id) => ({ userId: String(id), movieId: '1', rating, timestamp: '1' }));
    const fileId = await load('ratings', records);
    const mapping = (await currentMapping(pool()))!;
    await expect(
      judgeFile(pool(), { mapping, fileId, limit: { share: 0.05, acceptedBy: undefined, runId: 'r' } }),
    ).rejects.toMatchObject({
      code: 'load_held',
      message: expect.stringMatching(
        /^3 of 30 values of rating in .* \(10.00 %\) are not a valid numeric from 0.5 to 5, .* record 1 has "10"/,
      ),
    });
  });

  it('is kept with each version of the mapping, and is part of its hash only where it is declared', async () => {
    const version = (await currentMapping(pool()))!.version!;
    const other = changed('movies.runtime', { max: '1000' });
    expect(await installMapping(pool(), other, { author: 'test', note: '' })).toEqual({
      version: version + 1,
      installed: true,
    });
    expect((await mappingOfVersion(pool(), version)).rows).toEqual(initialMapping);
    expect((await mappingOfVersion(pool(), version + 1)).rows).toEqual(other);
    expect(compareMappings(initialMapping, other)).toMatchObject([
      { field: 'movies.runtime', cells: [{ column: 'max', before: '', after: '1000' }] },
    ]);
    const bare = initialMapping.map((each) => ({ ...each, min: null, max: null, allowed: null }));
    expect(mappingHash(bare)).toBe('ec120b96b7a1a20fdc0568aeb70d6935252eebedb069c07a67469c28adeb78ad');
  });

  it.each([
    [{ end_data_type: 'numeric', min: '5', max: '0.5' }, 'min 5 is greater than max 0.5'],
    [{ end_data_type: 'numeric', min: 'a' }, '"a" is not a plain numeric'],
    [{ end_data_type: 'integer', max: '1.5' }, '"1.5" is not a plain integer'],
    [{ end_data_type: 'date', min: '2017-02-30' }, '"2017-02-30" is not a plain date'],
    [{ end_data_type: 'text', min: '1' }, 'a field of type text has no range'],
    [{ end_data_type: 'boolean', allowed: 'true' }, 'a field of type boolean has no set'],
    [{ end_data_type: 'integer', allowed: '1|x' }, '"x" is not a plain integer'],
    [{ end_data_type: 'text', allowed: 'a||b' }, '"" is not a plain text'],
    [{ end_data_type: 'integer', allowed: '1', max: '2' }, /either a range .* or a set/],
    [{ end_data_type: 'bigint', min: '1', transform: 'pii_hash' }, /is hashed and has no range/],
  ])('is refused: %j', (change, fault) => {
    expect(findRangeFault(row(change))).toMatch(fault);
  });

  it.each([
    { end_data_type: 'date', min: '1888-01-01', max: '2100-12-31' },
    { end_data_type: 'integer', allowed: '0|1|2' },
    { end_data_type: 'numeric', min: '-0.5', max: '-0.5' },
    { end_data_type: 'boolean' },
  ])('is accepted: %j', (change) => {
    expect(findRangeFault(row(change))).toBeNull();
  });

  it('is valid everywhere in the initial mapping', () => {
    expect(initialMapping.filter((each) => findRangeFault(each) !== null)).toEqual([]);
  });
});
