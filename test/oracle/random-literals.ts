import fc from 'fast-check';

/** Styles of a Python literal: as `repr` writes it, always in double quotes, everything escaped, or as JSON. */
const styles = ['repr', 'double', 'escaped', 'json'] as const;
type Style = (typeof styles)[number];

/** A value. Text is quoted; `{ raw }` is written as it is. */
type Value = string | number | null | { readonly raw: string };

/** Few ids, so that films have entries in common; sometimes an invalid id. */
const id = (...ids: number[]): fc.Arbitrary<Value> =>
  fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom<Value>(...ids) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Value>(
        String(ids[0]),
        { raw: `${ids[1]}.0` },
        { raw: '3.5' },
        { raw: '4294967296' },
        { raw: 'True' },
        'x',
        null,
      ),
    },
  );

export const names = [
  'Drama',
  'drama',
  "Kerri O'Kane",
  'Say "Hi"',
  `Both ' and "`,
  'back\\slash\\',
  'two\nlines\r\n\tof',
  'Ärzte, 日本 🎬',
  ' blanks ',
  '[x, {y}: z]',
  '',
  null,
];

/** A list of entries with names. */
export function namedThings(...ids: number[]): fc.Arbitrary<string> {
  const entry = fc
    .tuple(id(...ids), fc.constantFrom(...names), fc.boolean())
    .map(([number, name, nameFirst]): [string, Value][] => {
      const pairs: [string, Value][] = [
        ['id', number],
        ['name', name],
      ];
      return nameFirst ? pairs.reverse() : pairs;
    });
  return listOf(entry);
}

/** A list of codes with their names. */
export function codes(key: string, ...values: string[]): fc.Arbitrary<string> {
  return listOf(
    fc.constantFrom(...values).map((code): [string, Value][] => [
      [key, code],
      ['name', `Name of ${code}`],
    ]),
  );
}

/** Credits of people. Few credit ids, so that one occurs twice in a film, and in two films. */
export function people(order: string): fc.Arbitrary<string> {
  return listOf(
    fc
      .tuple(fc.constantFrom('52fe', '52ff', '5300', '5301'), id(31, 32, 33), fc.constantFrom(...names))
      .map(([credit, person, name]): [string, Value][] => [
        ['credit_id', credit],
        ['id', person],
        ['name', name],
        [order, 1],
      ]),
  );
}

/** Usually a list of dicts as the vendor writes it; rarely one dict, an empty text, or an invalid literal. */
function listOf(entry: fc.Arbitrary<[string, Value][]>): fc.Arbitrary<string> {
  const style = fc.constantFrom(...styles);
  const list = fc
    .tuple(fc.array(entry, { maxLength: 3 }), style)
    .map(([entries, how]) => `[${entries.map((pairs) => dict(pairs, how)).join(', ')}]`);
  return fc.oneof(
    { weight: 14, arbitrary: list },
    // The same entry twice in one list.
    {
      weight: 2,
      arbitrary: fc.tuple(entry, style).map(([pairs, how]) => `[${dict(pairs, how)}, ${dict(pairs, how)}]`),
    },
    { weight: 1, arbitrary: fc.tuple(entry, style).map(([pairs, how]) => dict(pairs, how)) },
    { weight: 1, arbitrary: fc.constantFrom('', 'None', '()', '  ') },
    { weight: 1, arbitrary: fc.tuple(list, fc.integer({ min: 1, max: 4 })).map(cut) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '0.065736',
        'False',
        '[16, 18]',
        "[{'id': 16, 'name': 'x\\x00'}]",
        "[{'id': 16, 'name': '\\ud800'}]",
        "[{'id': 16, 'name': '\\ud83c\\udfac'}]",
        "[{'id': 18, 'id': 16, 'other': [1, ('a', None)], 'name': 'Twice'}]",
      ),
    },
  );
}

function cut([text, length]: [string, number]): string {
  return text.slice(0, -Math.min(length, text.length - 1));
}

function dict(pairs: readonly [string, Value][], style: Style): string {
  return `{${pairs.map(([key, value]) => `${text(key, style)}: ${written(value, style)}`).join(', ')}}`;
}

function written(value: Value, style: Style): string {
  if (value === null) return style === 'json' ? 'null' : 'None';
  if (typeof value === 'string') return text(value, style);
  return typeof value === 'number' ? String(value) : value.raw;
}

function text(value: string, style: Style): string {
  if (style === 'json') return JSON.stringify(value);
  const quote = style === 'double' || (style === 'repr' && /'/.test(value) && !/"/.test(value)) ? '"' : "'";
  const characters = [...value].map((character) => {
    if (character === '\\' || character === quote) return `\\${character}`;
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    return style === 'escaped' && !/[a-z]/.test(character) ? escaped(character) : character;
  });
  return quote + characters.join('') + quote;
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
