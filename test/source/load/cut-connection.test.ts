import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { propertySteps } from '../../property-runs.js';
import { createThingsTable, deliver, loadDelivery, things, traceOf, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

/** A pool whose connections all break once together they have been given so many statements. */
function breakingPool(connectionString: string, statements: number): { pool: pg.Pool; broke: () => boolean } {
  let given = 0;
  let broke = false;
  class BreakingClient extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: stands in for all of the overloads
    override query(...parameters: any[]): any {
      // biome-ignore lint/suspicious/noExplicitAny: the same
      const result = (super.query as any)(...parameters);
      given++;
      if (given === statements) {
        broke = true;
        const cut = () => (this as unknown as { connection: pg.Connection }).connection.stream.destroy();
        // A statement has been answered; a COPY is under way.
        if (typeof result?.then === 'function') {
          result.then(cut, cut);
        } else {
          setImmediate(cut);
        }
      }
      return result;
    }
  }
  const pool = new pg.Pool({ connectionString, Client: BreakingClient });
  pool.on('error', () => undefined);
  return { pool, broke: () => broke };
}

describe.each([
  { what: 'a small file', records: 40, partBytes: 100_000 },
  { what: 'a file in parts', records: 9_000, partBytes: 80_000 },
])('the load of $what', ({ what, records, partBytes }) => {
  it('comes to the same rows after the connection was cut behind any of its statements', async () => {
    let cuts = 0;
    const [first, step] = propertySteps();
    for (let statement = first; ; statement += step) {
      const note = `${what} cut at ${statement}`;
      const lines = Array.from({ length: records }, (_, index) =>
        index === 7 ? `${index + 1},broken` : `${index + 1},name,${note}`,
      );
      const delivery = await deliver(folder, `id,Name,note\n${lines.join('\n')}\n`);
      const options = { partBytes, rejectShare: 1 };
      const { pool, broke } = breakingPool(database.urls.pipeline, statement);
      const outcome = await loadDelivery(pool, folder, delivery, options).then(
        () => 'loaded',
        () => 'failed',
      );
      await pool.end();
      if (!broke()) {
        expect(outcome).toBe('loaded');
        break;
      }
      cuts++;
      const seen = await traceOf(database.pools.pipeline, note);
      expect([0, records - 1], note).toContain(seen.rows);
      await loadDelivery(database.pools.pipeline, folder, delivery, options);
      expect(await traceOf(database.pools.pipeline, note)).toMatchObject({
        files: 1,
        rows: records - 1,
        numbers: records - 1,
        rejects: 1,
      });
    }
    expect(cuts).toBeGreaterThanOrEqual(Math.floor(21 / step));
    const { rows } = await database.pools.pipeline.query(
      'select count(*)::int as loads, count(distinct sha256)::int as contents from source.file where feed = $1',
      [things.name],
    );
    expect(rows[0].loads).toBe(rows[0].contents);
  }, 120_000);
});
