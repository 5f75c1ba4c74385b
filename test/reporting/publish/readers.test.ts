import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { applyDifferences, collectDifferences } from '../../../src/reporting/build/row-difference.js';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { filmWorld } from '../film-world.js';
import { buildAll, publishReports } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

/** What a reader saw at one moment: the publication, and the budget of the one film in each report. */
interface Sight {
  publication: number;
  budgets: (string | null)[];
}

describe('readers during publications', () => {
  const database = useDatabase();

  beforeAll(async () => {
    await fillWarehouse(database.pools.pipeline, filmWorld({ budget: 1 }));
    await publishReports(database.pools.pipeline);
  });

  /** Reads all reports in one look, every 10 ms, while the work goes on; the film's budget tells the publication. */
  async function lookWhile(work: () => Promise<void>): Promise<Sight[]> {
    const budgets = reports.map(({ name }) => `(select max(budget)::text from ${name})`).join(', ');
    const seen: Sight[] = [];
    let over = false;
    const looking = (async () => {
      while (!over) {
        const { rows } = await database.pools.reader.query<Sight>(
          `select (select max(number) from publication) as publication, array[${budgets}] as budgets`,
        );
        seen.push(rows[0]!);
        await sleep(10);
      }
    })();
    await Promise.race([work(), looking]);
    over = true;
    await looking;
    return seen;
  }

  const changeBudget = () => database.pools.pipeline.query('update warehouse.movies set budget = budget + 1');
  const isMixed = ({ publication, budgets }: Sight) =>
    budgets.some((budget) => Number(budget) !== publication);

  it('see each publication whole: no error, no empty table, no mixture', { timeout: 300_000 }, async () => {
    const publications = propertyRuns(100);
    const seen = await lookWhile(async () => {
      for (let count = 0; count < publications; count++) {
        await changeBudget();
        await publishReports(database.pools.pipeline);
      }
    });
    expect(seen.filter(isMixed)).toEqual([]);
    expect(new Set(seen.map(({ publication }) => publication)).size).toBeGreaterThan(publications / 2);
  });

  it('would see mixtures if each report were published by itself', async () => {
    const seen = await lookWhile(async () => {
      await changeBudget();
      await buildAll(database.pools.pipeline);
      for (const definition of reports) {
        await inTransaction(database.pools.pipeline, async (client) => {
          await collectDifferences(client, definition, true);
          await applyDifferences(client, definition);
        });
        await sleep(20);
      }
      await sleep(50);
    });
    expect(seen.filter(isMixed).length).toBeGreaterThan(0);
  });
});
