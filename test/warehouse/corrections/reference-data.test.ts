import { describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { referenceTables } from '../../../src/dataset/reference.js';
import { loadReferenceData, type ReferenceTable } from '../../../src/warehouse/corrections/reference-data.js';
import { restoreRows, retireRows } from '../../../src/warehouse/corrections/retirement.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install, personalDataKey } from '../cleaning.js';
import { verify } from '../rebuild/rebuilding.js';
import { loadRecords } from '../source-rows.js';

describe('reference data', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const countries = async () =>
    (
      await pool().query(
        'select id, name, standard from warehouse.production_countries where not deleted order by id',
      )
    ).rows;
  const standard = (...codes: [string, string][]): ReferenceTable => ({
    table: 'production_countries',
    standard: 'a standard',
    source: 'a package',
    version: '1',
    codes: codes.map(([id, name]) => ({ id, name })),
  });

  const month = async (period: string) => {
    const films = "[{'iso_3166_1': 'AA', 'name': 'Vendor A'}, {'iso_3166_1': 'CC', 'name': 'Vendor C'}]";
    return clean(pool(), [
      await loadRecords(pool(), 'movies_metadata', period, [{ id: '1', production_countries: films }]),
    ]);
  };

  it('of the data set are the countries and languages of the ISO standards', () => {
    const [countries, languages] = referenceTables();
    const name = (table: ReferenceTable | undefined, id: string) =>
      table!.codes.find((code) => code.id === id)?.name;
    expect(countries!.codes).toHaveLength(249);
    expect(name(countries, 'GB')).toBe('United Kingdom');
    expect(['XC', 'SU', 'YU', 'XK'].map((id) => name(countries, id))).toEqual(Array(4).fill(undefined));
    expect(name(languages, 'fr')).toBe('French');
    expect(['xx', 'cn', 'sh'].map((id) => name(languages, id))).toEqual(Array(3).fill(undefined));
  });

  it('follows the standard, adopts a code that the vendor used first, and writes nothing when nothing changed', async () => {
    await install(
      pool(),
      initialMapping.filter((row) => row.end_table === 'production_countries'),
    );
    await loadReferenceData(pool(), [standard(['AA', 'Old'], ['BB', 'Gone'])], personalDataKey);
    const counts = await month('2017-08');
    expect(counts.production_countries).toMatchObject({ entries: 2, inserted: 1, unchanged: 1, issues: 1 });
    expect(await countries()).toEqual([
      { id: 'AA', name: 'Old', standard: true },
      { id: 'BB', name: 'Gone', standard: true },
      { id: 'CC', name: 'Vendor C', standard: false },
    ]);
    const next = standard(['AA', 'New'], ['CC', 'Known']);
    expect(await loadReferenceData(pool(), [next], personalDataKey)).toEqual([
      { table: 'production_countries', inserted: 2, closed: 3 },
    ]);
    expect(await loadReferenceData(pool(), [next], personalDataKey)).toEqual([
      { table: 'production_countries', inserted: 0, closed: 0 },
    ]);
    expect(await countries()).toEqual([
      { id: 'AA', name: 'New', standard: true },
      { id: 'CC', name: 'Known', standard: true },
    ]);
    // What the vendor called CC counts no more: a rebuild knows it from the standard.
    expect(await verify(pool())).toEqual([]);
    const audit = await pool().query(
      "select arguments ->> 'source' as source from support.audit_event where action = 'reference-data.load'",
    );
    expect(audit.rows).toEqual([{ source: 'a package' }, { source: 'a package' }]);
  });

  it('restores the vendor’s history of a code that the standard withdraws', async () => {
    await loadReferenceData(pool(), [standard(['AA', 'New'])], personalDataKey);
    expect(await countries()).toEqual([
      { id: 'AA', name: 'New', standard: true },
      { id: 'CC', name: 'Vendor C', standard: false },
    ]);
    expect(await verify(pool())).toEqual([]);
  });

  it('keeps a code retired that was retired manually, until it is restored', async () => {
    const next = standard(['AA', 'New'], ['CC', 'Known']);
    await loadReferenceData(pool(), [next], personalDataKey);
    const mapping = (await currentMapping(pool()))!;
    const request = { table: 'production_countries', keys: [{ id: 'CC' }], reason: 'a test', actor: 'test' };
    await inTransaction(pool(), (client) => retireRows(client, mapping, request));
    await loadReferenceData(pool(), [next], personalDataKey);
    expect(await countries()).toEqual([{ id: 'AA', name: 'New', standard: true }]);
    // Whoever names it later: whether there is such a code is not the vendor's to say.
    for (const period of ['2017-09', '2017-07']) {
      expect((await month(period)).production_countries).toMatchObject({ inserted: 0, issues: 0 });
      expect(await verify(pool())).toEqual([]);
    }
    expect(await countries()).toEqual([{ id: 'AA', name: 'New', standard: true }]);
    await inTransaction(pool(), (client) => restoreRows(pool(), client, mapping, personalDataKey, request));
    expect(await countries()).toEqual([
      { id: 'AA', name: 'New', standard: true },
      { id: 'CC', name: 'Known', standard: true },
    ]);
    expect(await verify(pool())).toEqual([]);
    expect(await loadReferenceData(pool(), [next], personalDataKey)).toMatchObject([
      { inserted: 0, closed: 0 },
    ]);
  });
});
