import { describe, expect, it } from 'vitest';
import { numberMarks } from '../../../src/source/receive/scan.js';
import { fieldTypes, indexedText, transforms, trimmed } from '../../../src/warehouse/mapping/field-types.js';
import { useDatabase } from '../../database-fixture.js';

const texts = [
  '0',
  '1',
  '-1',
  '+1',
  '007',
  '-0',
  '2147483647',
  '2147483648',
  '9223372036854775807',
  '9223372036854775808',
  '1.0',
  '1.5',
  '.5',
  '5.',
  '0.5',
  '-0.5',
  '1e5',
  '1E5',
  '1e1000',
  '1e-1000',
  '1e99999',
  '1e+05',
  '1.5e1',
  '15e-1',
  '2147483648e0',
  '1.0e-1',
  '142594163000',
  '1425941630000',
  '1425941630000.0',
  '14259416300000',
  '2015-03-09',
  '2015-03-09 22:52:09',
  '2015-03-09T22:52:09Z',
  '2015-02-30 22:52:09',
  '\u200b5',
  '5\u3000',
  '\ufeff5',
  'NaN',
  'nan',
  'Infinity',
  'inf',
  '-Infinity',
  '0x1F',
  '0X1f',
  '0b101',
  '0o17',
  '-0x1F',
  '1_000',
  '1_0.5',
  '0x',
  '_1',
  '1_',
  ' 5',
  '5 ',
  '\t5\n',
  '\f5',
  '5\u000b',
  '\u00a05',
  '５',
  '١',
  '',
  ' ',
  '12345678901',
  '123456789012',
  '-12345678901',
  '--5',
  '5-',
  '1,000',
  "1'; drop",
  '0_1',
  '0 1',
  `1${'0'.repeat(250)}`,
  `${'0'.repeat(39)}5`,
  `${'0'.repeat(48)}5`,
  'null',
  'true',
  'é'.repeat(1000),
  `${'é'.repeat(1000)}e`,
];

describe('a cast without guards', () => {
  const database = useDatabase();
  const casts = [
    ...Object.entries(fieldTypes).map(([name, cast]) => ({ name, cast, keepsBlanks: cast.keepsBlanks })),
    { name: indexedText.name, cast: { ...fieldTypes.text!, ...indexedText }, keepsBlanks: true },
    ...Object.entries(transforms).flatMap(([name, { cast }]) =>
      cast && name !== 'pii_hash' ? [{ name, cast, keepsBlanks: false }] : [],
    ),
  ].filter(({ cast }) => cast.bare);

  const unmarked = texts.filter((text) => ![...text].some((character) => numberMarks.includes(character)));

  it.each([
    ...casts.map(({ name, cast, keepsBlanks }) => ({
      name,
      cast,
      keepsBlanks,
      bare: cast.bare!,
      listed: texts,
    })),
    ...casts.flatMap(({ name, cast, keepsBlanks }) =>
      cast.plain
        ? [{ name: `${name} without marks`, cast, keepsBlanks, bare: cast.plain, listed: unmarked }]
        : [],
    ),
  ])(
    'to $name gives what the guarded one gives, or fails',
    async ({ cast, keepsBlanks, bare: bareCast, listed }) => {
      const pool = database.pools.pipeline;
      let taken = 0;
      for (const text of listed) {
        const guarded = await pool.query(
          `select (${cast.guarded('raw')})::text as value
         from (select ${keepsBlanks ? "nullif(sent, '')" : trimmed('sent')} as raw from (select $1::text as sent) s offset 0) t`,
          [text],
        );
        const bare = await pool
          .query(`select (${bareCast('sent')})::text as value from (select $1::text as sent offset 0) s`, [
            text,
          ])
          .catch(() => null);
        if (bare === null) continue;
        taken += 1;
        // `trimmed` makes nothing of blanks, which a bare cast refuses instead.
        expect({ text, value: bare.rows[0].value }).toEqual({ text, value: guarded.rows[0].value });
      }
      expect(taken).toBeGreaterThan(3);
    },
  );
});
