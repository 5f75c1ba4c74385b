import { beforeAll, describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { compileMapping, tablesInOrder } from '../../../src/warehouse/mapping/mapping.js';
import {
  currentMapping,
  installMapping,
  readMappingRows,
} from '../../../src/warehouse/mapping/mapping-ledger.js';
import { type MappingRow, mappingColumns } from '../../../src/warehouse/mapping/mapping-row.js';
import { validateMapping } from '../../../src/warehouse/mapping/mapping-validator.js';
import { type Catalog, readCatalog } from '../../../src/warehouse/tables/catalog.js';
import { useDatabase } from '../../database-fixture.js';
import { clean } from '../cleaning.js';
import { loadRecords } from '../source-rows.js';

const genres = initialMapping.filter((row) => row.end_table === 'genres');
const [genreId, genreName] = genres as [MappingRow, MappingRow];

const movieTitle = initialMapping.find((row) => row.end_field === 'title')!;
const raterId = initialMapping.find((row) => row.end_field === 'rater_id')!;

/** Texts that would do something, were one spliced into a statement. */
const injections = [
  "genres'; drop table warehouse.movies; --",
  'genres"; drop table warehouse.movies; --',
  'id) select 1; --',
  'genres\u0000',
  'name -- ',
  '$$ || pg_sleep(9) || $$',
];

describe('a mapping', () => {
  const database = useDatabase();
  let catalog: Catalog;
  beforeAll(async () => {
    catalog = await readCatalog(database.pools.pipeline);
  });

  it('of the data set is valid and fills every field that the pipeline does not fill itself', () => {
    expect(validateMapping(initialMapping, catalog)).toEqual([]);
    const filled = new Set(initialMapping.map((row) => `${row.end_table}.${row.end_field}`));
    const fields = [...catalog.targets.values()].flatMap(({ name, columns }) =>
      [...columns.keys()].map((column) => `${name}.${column}`),
    );
    expect(fields.filter((field) => !filled.has(field))).toEqual([]);
  });

  it.each<[string, MappingRow[], string]>([
    ['without rows', [], 'mapping_empty'],
    ['with an unknown table', [{ ...genreId, end_table: 'genre' }, genreName], 'mapping_table'],
    ['with an unknown field', [genreId, { ...genreName, end_field: 'title' }], 'mapping_field'],
    ['with a field the pipeline fills', [genreId, { ...genreName, end_field: 'deleted' }], 'mapping_field'],
    ['with an unknown type', [genreId, { ...genreName, end_data_type: 'money' }], 'mapping_cell'],
    [
      'with another type than the field has',
      [{ ...genreId, end_data_type: 'text' }, genreName],
      'mapping_type',
    ],
    ['with an unknown kind of table', [{ ...genreId, table_type: 'scd2' }, genreName], 'mapping_cell'],
    [
      'with an unknown source table',
      genres.map((row) => ({ ...row, source_table: 'src_films' })),
      'mapping_source_table',
    ],
    [
      'with an unknown source column',
      [genreId, { ...genreName, source_field: 'genre.name' }],
      'mapping_source_field',
    ],
    ['with an unknown transform', [genreId, { ...genreName, transform: 'upper' }], 'mapping_cell'],
    [
      'with a transform of another type',
      [genreId, { ...genreName, transform: 'zero_as_null' }],
      'mapping_transform',
    ],
    ['without a key', genres.map((row) => ({ ...row, is_key: false })), 'mapping_key'],
    [
      'with a table of a standard that is no reference table',
      initialMapping.map((row) =>
        row.end_table === 'spoken_languages' ? { ...row, table_type: 'append' } : row,
      ),
      'mapping_reference',
    ],
    ['with more of a key than the table has', [genreId, { ...genreName, is_key: true }], 'mapping_key'],
    [
      'with less of a key than the table has',
      initialMapping
        .filter((row) => row.end_table === 'movie_ratings')
        .map((row) => ({ ...row, is_key: row.end_field === 'rater_id' })),
      'mapping_key',
    ],
    [
      'that reads personal data unhashed in addition to its hash',
      initialMapping.map((row) => (row.end_field === 'rating' ? { ...row, source_field: 'userId' } : row)),
      'mapping_personal',
    ],
    [
      'that reads a whole nested column with a field of personal data',
      [
        { ...movieTitle, source_table: 'src_credits', source_field: 'cast' },
        { ...raterId, source_table: 'src_credits', source_field: 'cast.id' },
      ],
      'mapping_personal',
    ],
    ['without a required field', [{ ...genreName, is_key: true }], 'mapping_required'],
    [
      'with two rows for one field',
      [genreId, genreName, { ...genreName, source_field: 'genres.id' }],
      'mapping_twice',
    ],
    [
      'with two kinds for one table',
      [genreId, { ...genreName, table_type: 'append' }],
      'mapping_contradiction',
    ],
    [
      'with two nested columns for one table',
      [genreId, { ...genreName, source_field: 'spoken_languages.name' }],
      'mapping_nested',
    ],
    [
      'with a reference table that marks no standard',
      genres.map((row) => ({ ...row, table_type: 'reference' })),
      'mapping_reference',
    ],
  ])('%s is refused', (_what, rows, code) => {
    const complaints = validateMapping(rows, catalog);
    expect(complaints.map((complaint) => complaint.code)).toContain(code);
    expect(() => compileMapping(rows, catalog)).toThrow(complaints[0]!.message);
  });

  it('names the row that marks a field as personal data when another row reads it unhashed', () => {
    const rows = initialMapping.filter((row) => row.end_table === 'movie_ratings');
    const leaking = rows.map((row) =>
      row.end_field === 'rating' ? { ...row, source_field: 'userId' } : row,
    );
    expect(validateMapping(leaking, catalog).map((complaint) => complaint.message)).toEqual([
      'Row 3: row 1 marks userId as personal data, so it may leave src_ratings only as a hash; set transform to pii_hash here too.',
    ]);
  });

  it('that was accepted before can still be read', () => {
    const rows = [genreId, { ...genreName, is_key: true }];
    expect(validateMapping(rows, catalog, rows)).toEqual([]);
  });

  it('names the row with the error', () => {
    const complaints = validateMapping([genreId, { ...genreName, end_field: 'title' }], catalog);
    expect(complaints).toEqual([
      {
        position: 2,
        column: 'end_field',
        code: 'mapping_field',
        message: 'Row 2: warehouse.genres has no field title to fill, expected one of id, name.',
      },
    ]);
  });

  // A description and the members of a set may be any text; see the ledger below, and the test of ranges.
  const cells = mappingColumns.filter((column) => !['description', 'allowed'].includes(column));
  it.each(cells.flatMap((column) => injections.map((text) => [column, text] as const)))(
    'with SQL in %s is refused: %j',
    (column, text) => {
      const complaints = validateMapping([genreId, { ...genreName, [column]: text }], catalog);
      expect(
        complaints.map((complaint) => [complaint.position, complaint.column, complaint.code]),
      ).toContainEqual([2, column, 'mapping_cell']);
    },
  );

  it('lists each table after those it refers to', () => {
    const ordered = tablesInOrder(compileMapping(initialMapping, catalog));
    const place = new Map(ordered.map(({ table }, index) => [table, index]));
    for (const { table, dependsOn } of ordered) {
      for (const other of dependsOn) expect(place.get(other)).toBeLessThan(place.get(table)!);
    }
    const dependsOn = Object.fromEntries(ordered.map((entry) => [entry.table, [...entry.dependsOn].sort()]));
    expect(dependsOn).toMatchObject({
      movies: [],
      movie_genres: ['genres', 'movies'],
      movie_cast_members: ['cast_member'],
      movie_spoken_languages: ['movies', 'spoken_languages'],
      movie_ratings: [],
    });
  });
});

describe('the ledger of mappings', () => {
  const database = useDatabase();

  it('numbers and keeps versions, and adds none for an unchanged mapping', async () => {
    const pool = database.pools.pipeline;
    expect(await currentMapping(pool)).toBeNull();
    const change = { author: 'someone', note: 'why' };
    expect(await installMapping(pool, initialMapping, change)).toEqual({ version: 1, installed: true });
    expect(await installMapping(pool, initialMapping, change)).toEqual({ version: 1, installed: false });
    expect(await installMapping(pool, genres, change)).toEqual({ version: 2, installed: true });
    expect(await installMapping(pool, initialMapping, change)).toEqual({ version: 3, installed: true });
    expect(await readMappingRows(pool, 1)).toEqual(initialMapping);
    expect((await currentMapping(pool))!.version).toBe(3);
  });

  it.each(injections.filter((text) => !text.includes('\0')))(
    'keeps a description as it is, SQL or not: %j',
    async (text) => {
      const pool = database.pools.pipeline;
      const rows = genres.map((row) => ({ ...row, description: text }));
      const { version } = await installMapping(pool, rows, { author: 'someone', note: text });
      expect(await readMappingRows(pool, version)).toEqual(rows);
      // What is compiled from it is used without harm.
      const file = await loadRecords(pool, 'movies_metadata', '2017-08', [
        { id: '1', genres: "[{'id': 18, 'name': 'Drama'}]" },
      ]);
      expect((await clean(pool, [file])).genres).toMatchObject({ entries: 1, rejected: 0 });
      const found = await pool.query("select to_regclass('warehouse.movies') is not null as whole");
      expect(found.rows).toEqual([{ whole: true }]);
    },
  );

  it('refuses a description that a database cannot store', async () => {
    for (const description of ['genres\u0000', 'half \ud83d']) {
      const rows = genres.map((row) => ({ ...row, description }));
      await expect(
        installMapping(database.pools.pipeline, rows, { author: 'someone', note: 'why' }),
      ).rejects.toMatchObject({
        code: 'mapping_invalid',
        message: expect.stringContaining('description is'),
      });
    }
  });

  it('refuses an invalid mapping', async () => {
    const rows = genres.map((row) => ({ ...row, is_key: false }));
    await expect(
      installMapping(database.pools.pipeline, rows, { author: 'someone', note: 'why' }),
    ).rejects.toMatchObject({ name: 'Fault', code: 'mapping_invalid' });
  });
});
