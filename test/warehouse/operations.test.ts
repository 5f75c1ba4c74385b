import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../database-fixture.js';
import { propertyRuns } from '../property-runs.js';
import { install } from './cleaning.js';
import { emptyAll } from './history/history.js';
import { carryOut, loadStandard } from './operations.js';
import { filmMapping, filmTables } from './random-films.js';
import { otherKey, randomOperations } from './random-operations.js';
import { verify } from './rebuild/rebuilding.js';

/** Long enough for a machine that has other work. */
const timeout = 600_000;

describe('the history of a warehouse after random operations in any order', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  /** The versions of which another of the same key holds in part of their time, or that are live and have an end, or the reverse. */
  async function contradictions(): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const table of filmTables) {
      const keys = filmMapping.filter((row) => row.end_table === table && row.is_key);
      const key = keys.map(({ end_field }) => end_field).join(', ');
      // What a late file or a withdrawal has taken back names no record any more, and says nothing.
      const { rows } = await pool().query(
        `select * from (
           select ${key}, valid_from, valid_to, deleted,
             lead(valid_from) over (partition by ${key} order by valid_from, valid_to nulls last) as next
           from warehouse.${table} where record_number is not null
         ) version
         where (valid_to is null) = deleted or valid_to < valid_from
           or (next is not null and (valid_to is null or valid_to > next))`,
      );
      found.push(...rows.map((row) => ({ table, ...row })));
    }
    return found;
  }

  /** @param tamper done behind the warehouse's back, before it is judged */
  const property = (judge: () => Promise<unknown[]>, tamper: () => Promise<unknown> = async () => {}) =>
    fc.asyncProperty(randomOperations, async (operations) => {
      await emptyAll(pool());
      await install(pool(), filmMapping);
      await loadStandard(pool(), ['US']);
      for (const operation of operations) await carryOut(pool(), operation);
      await tamper();
      expect(await judge()).toEqual([]);
    });
  const differences = () => verify(pool());

  it('equals that of a rebuild and has one version of a key at a time', { timeout }, async () => {
    await fc.assert(
      property(async () => [...(await contradictions()), ...(await differences())]),
      { numRuns: propertyRuns(8) },
    );
  });

  const query = (text: string) => async () => pool().query(text);
  it.each([
    [
      'a rebuild where retirements by hand are forgotten',
      differences,
      query('delete from support.retirement'),
    ],
    [
      'a rebuild where it is forgotten which mapping its months were read under',
      differences,
      async () => {
        await install(pool(), otherKey);
        const { version } = (await currentMapping(pool()))!;
        await pool().query('update support.file_transform set mapping_version = $1', [version]);
      },
    ],
    [
      'one version at a time where one goes on when the next begins',
      contradictions,
      query("update warehouse.movies set valid_to = valid_to + interval '2 years' where deleted"),
    ],
  ])('is not that of %s', { timeout }, async (_what, judge, tamper) => {
    const outcome = await fc.check(property(judge, tamper), { numRuns: 100, endOnFailure: true });
    expect(outcome).toMatchObject({ failed: true, errorInstance: { name: 'AssertionError' } });
  });
});
