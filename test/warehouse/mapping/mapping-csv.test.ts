import { describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { mappingFromCsv, mappingToCsv } from '../../../src/warehouse/mapping/mapping-csv.js';
import { compareMappings } from '../../../src/warehouse/mapping/mapping-difference.js';
import { mappingColumns } from '../../../src/warehouse/mapping/mapping-row.js';

const headerLine = mappingColumns.join(',');
const cells = 'warehouse,genres,id,integer,version,source,src_movies_metadata,genres.id,text';

describe('a mapping as CSV', () => {
  it('is read as it was written, also by a spreadsheet', async () => {
    const odd = [{ ...initialMapping[0]!, description: 'with "quotes", commas\nand lines' }];
    const csv = await mappingToCsv([...odd, ...initialMapping.slice(1)]);
    const back = await mappingFromCsv(`\uFEFF${csv.replaceAll(/\n(?=warehouse,)/g, '\r\n')}`);
    expect(back).toEqual([...odd, ...initialMapping.slice(1)]);
  });

  it('lacks the columns of the range when it was exported before they existed', async () => {
    const csv = `${headerLine.replace(',min,max,allowed', '')}\n${cells},true,,false,What\n`;
    expect(await mappingFromCsv(csv)).toMatchObject([
      { min: null, max: null, allowed: null, description: 'What' },
    ]);
  });

  it('keeps the current ranges when it has no columns for them', async () => {
    const csv = await mappingToCsv(initialMapping.map((row) => ({ ...row, min: null, max: null })));
    const old = csv.replace(',min,max,allowed', '').replaceAll(/,(true|false),,,,/g, ',$1,');
    expect(await mappingFromCsv(old, initialMapping)).toEqual(initialMapping);
    expect(await mappingFromCsv(csv, initialMapping)).not.toEqual(initialMapping);
  });

  it.each([
    ['a column is missing', 'end_schema,end_table\n', /lacks end_field, .*, expected end_schema/],
    ['a column is unknown', `${headerLine},colour\n`, /has the unknown "colour"/],
    ['a column occurs twice', `${headerLine},end_field\n`, /names end_field more than once/],
    ['a row is short', `${headerLine}\nwarehouse,movies\n`, /Row 1 of the mapping has 2 cells, expected 16/],
    [
      'a boolean is neither true nor false',
      `${headerLine}\n${cells},yes,,false,,,,What\n`,
      /Row 1 of the mapping: is_key is "yes"/,
    ],
    ['it is empty', '', /lacks end_schema/],
  ])('is refused when %s', async (_when, csv, message) => {
    await expect(mappingFromCsv(csv)).rejects.toMatchObject({
      code: 'mapping_csv',
      message: expect.stringMatching(message),
    });
  });

  it('differs field by field', () => {
    const [first, second, third] = initialMapping as [
      (typeof initialMapping)[0],
      (typeof initialMapping)[0],
      (typeof initialMapping)[0],
    ];
    expect(compareMappings([first, second], [first, second])).toEqual([]);
    const differences = compareMappings([first, second], [{ ...first, source_field: 'tmdb_id' }, third]);
    expect(differences.map(({ field, change }) => [field, change])).toEqual([
      ['movies.movie_id', 'changed'],
      ['movies.adult', 'added'],
      ['movies.title', 'removed'],
    ]);
    expect(differences[0]!.cells).toEqual([{ column: 'source_field', before: 'id', after: 'tmdb_id' }]);
    expect(compareMappings([first, second], [second, first]).map(({ change }) => change)).toEqual([
      'moved',
      'moved',
    ]);
  });
});
