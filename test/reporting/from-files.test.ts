import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reports } from '../../src/dataset/reports/reports.js';
import { useDatabase } from '../database-fixture.js';
import { sorted } from '../oracle/compare.js';
import type { VendorDrop } from '../oracle/drop-records.js';
import type { FilmWorld } from '../oracle/films.js';
import { oracleReports } from '../oracle/oracle.js';
import { randomDrops } from '../oracle/random-drops.js';
import { readDrops } from '../oracle/read-drops.js';
import { propertyRuns } from '../property-runs.js';
import { useDropFolders } from './drop-folders.js';
import { takeDrop } from './drops.js';
import { emptyDatabase } from './empty-database.js';
import { exportedRows, publishAsJobs, report } from './publish-reports.js';

describe('the reports of random files', () => {
  const database = useDatabase();
  const folders = useDropFolders();

  /** The rows in which what is published is not what follows from the world. */
  async function differences(world: FilmWorld): Promise<unknown[]> {
    const expected = oracleReports(world);
    const found: unknown[] = [];
    for (const { name } of reports) {
      const actual = sorted(await exportedRows(database.pools.reader, name));
      const wanted = sorted(expected[name]!);
      const extra = actual.filter((row) => !wanted.includes(row));
      const missing = wanted.filter((row) => !actual.includes(row));
      if (extra.length + missing.length > 0) found.push({ report: name, extra, missing });
    }
    return found;
  }

  /** What is published otherwise than an independent reading of the files has it, after each of them. */
  async function differencesAfterEach(
    drops: readonly VendorDrop[],
    definitions = reports,
  ): Promise<unknown[][]> {
    await emptyDatabase(database.pools.owner);
    const found: unknown[][] = [];
    for (const [place, drop] of drops.entries()) {
      await takeDrop(database.pools.pipeline, drop.folder, drop.period);
      await publishAsJobs(database.pools.pipeline, definitions);
      found.push(await differences(readDrops(drops.slice(0, place + 1))));
    }
    return found;
  }

  const property = (definitions = reports) =>
    fc.asyncProperty(randomDrops(), async (drops) => {
      const found = await differencesAfterEach(await folders.write(drops), definitions);
      expect(found).toEqual(drops.map(() => []));
    });

  it('are those of an independent reading of the files, after each drop', { timeout: 600_000 }, async () => {
    await fc.assert(property(), { numRuns: propertyRuns(24), endOnFailure: true });
  });

  it('are not, when a rule is another', { timeout: 600_000 }, async () => {
    const sql = await readFile(report('movie_score_report').sqlFile, 'utf8');
    const another = join(folders.path, 'movie_score_report.sql');
    await writeFile(another, sql.replace('0.9 * (count(*) over () - 1)', '0.8 * (count(*) over () - 1)'));
    const definitions = reports.map((definition) =>
      definition.name === 'movie_score_report' ? { ...definition, sqlFile: another } : definition,
    );
    const outcome = await fc.check(property(definitions), { numRuns: 30, endOnFailure: true });
    expect(outcome.errorInstance).toMatchObject({ name: 'AssertionError' });
  });

  it('are not, when one cell is another than in the files', { timeout: 300_000 }, async () => {
    const [drops] = fc.sample(randomDrops(), { numRuns: 1, seed: 3 });
    const written = await folders.write(drops!);
    expect((await differencesAfterEach(written)).flat()).toEqual([]);
    const { rowCount } = await database.pools.owner.query(
      'update reporting.movie_genre_report set source_record = source_record + 1 where ctid = (select min(ctid) from reporting.movie_genre_report)',
    );
    expect(rowCount).toBe(1);
    expect(await differences(readDrops(written))).toMatchObject([
      { report: 'movie_genre_report', extra: [expect.anything()], missing: [expect.anything()] },
    ]);
  });
});
