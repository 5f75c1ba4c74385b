import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MappingRow } from '../../../src/warehouse/mapping/mapping-row.js';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { clean, install } from '../cleaning.js';
import { emptyAll, type HistoryRow, historyOf } from '../history/history.js';
import { filmMapping, filmTables, monthsInOrder } from '../random-films.js';
import { verify } from '../rebuild/rebuilding.js';
import { loadRecords, type SourceRecord } from '../source-rows.js';

const without = (...fields: string[]) =>
  filmMapping.filter((row) => !fields.includes(`${row.end_table}.${row.end_field}`));
const ofType = (type: string, table: string): MappingRow[] =>
  filmMapping.map((row) => (row.end_table === table ? { ...row, table_type: type } : row));

/** Versions that one mapping may go through: attributes that come and go, and tables that keep versions or do not. */
const versions: readonly (readonly MappingRow[])[] = [
  filmMapping,
  without('movies.budget'),
  without('movies.title'),
  without('movies.title', 'movies.budget', 'genres.name'),
  ofType('append', 'movies'),
];

describe('months read under different mapping versions', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const month = async (period: string, mapping: readonly MappingRow[], records: readonly SourceRecord[]) => {
    await install(pool(), mapping);
    await clean(pool(), [await loadRecords(pool(), 'movies_metadata', period, records)]);
  };
  const film = (title: string, budget: string) => [{ id: '1', title, budget }];
  const filmHistory = async () =>
    (await historyOf(pool(), 'movies'))
      .filter((row) => row.record_number !== null)
      .map((row) => `${row.valid_from}..${row.valid_to ?? ''} ${row.title} ${row.budget}`)
      .sort();

  beforeEach(() => emptyAll(pool()));

  it('leave an attribute empty that their mapping does not fill, late or not', async () => {
    await month('2017-08', filmMapping, film('A', '5'));
    await month('2017-10', without('movies.budget'), film('A', '5'));
    expect(await filmHistory()).toEqual(['2017-08-01..2017-10-01 A 5', '2017-10-01.. A null']);
    await month('2017-09', without('movies.budget'), film('B', '5'));
    expect(await filmHistory()).toEqual([
      '2017-08-01..2017-09-01 A 5',
      '2017-09-01..2017-10-01 B null',
      '2017-10-01.. A null',
    ]);
    expect(await verify(pool())).toEqual([]);
    await month('2017-07', without('movies.title'), film('A', '5'));
    expect(await filmHistory()).toContain('2017-07-01..2017-08-01 null 5');
    expect(await verify(pool())).toEqual([]);
  });

  it('fill an attribute from the first month that was read with it', async () => {
    await month('2017-08', without('movies.budget'), film('A', '5'));
    await month('2017-10', filmMapping, film('A', '5'));
    await month('2017-09', filmMapping, film('A', '5'));
    expect(await filmHistory()).toEqual(['2017-08-01..2017-09-01 A null', '2017-09-01.. A 5']);
    expect(await verify(pool())).toEqual([]);
  });

  it('give the same history in any order, equal to that of a rebuild', {
    timeout: 300_000,
  }, async () => {
    const arrive = async (
      drops: readonly (readonly SourceRecord[])[],
      mappings: readonly number[],
      order: readonly number[],
    ) => {
      await emptyAll(pool());
      for (const index of order) {
        await month(`2017-0${index + 1}`, versions[mappings[index]!]!, drops[index]!);
      }
      expect(await verify(pool())).toEqual([]);
      const history: Record<string, HistoryRow[]> = {};
      for (const table of filmTables) {
        history[table] = (await historyOf(pool(), table)).filter((row) => row.record_number !== null);
      }
      return history;
    };
    const mappings = fc.array(fc.nat(versions.length - 1), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(monthsInOrder(3), mappings, async ([drops, order], chosen) => {
        const inOrder = await arrive(drops, chosen, [...drops.keys()]);
        expect(await arrive(drops, chosen, order)).toEqual(inOrder);
      }),
      { numRuns: propertyRuns(12) },
    );
  });
});
