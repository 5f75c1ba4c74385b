import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EntriesResult, readEntries } from '../../../src/warehouse/literal/entries.js';
import { type LiteralValue, parseLiteral } from '../../../src/warehouse/literal/parse.js';
import { propertyRuns } from '../../property-runs.js';
import { pythonRepr, value } from './python-repr.js';

type Row = [ordinal: number, ...values: (string | null)[]];

function rowsOf(text: string, fields: string[]): { rows: Row[]; result: EntriesResult } {
  const rows: Row[] = [];
  const result = readEntries(text, fields, (ordinal, values) => rows.push([ordinal, ...values]));
  return { rows, result };
}

/** The text that a field's value has by the definition, made from the parsed value. */
function expectedText(field: LiteralValue | undefined): string | null {
  if (field === undefined || field === null) return null;
  if (typeof field === 'string') return field;
  if (typeof field === 'object') return json(field);
  return String(field);
}

function json(nested: LiteralValue): string {
  if (Array.isArray(nested)) return `[${nested.map(json).join(',')}]`;
  if (nested instanceof Map)
    return `{${[...nested].map(([key, item]) => `${json(key)}:${json(item)}`).join(',')}}`;
  return typeof nested === 'bigint' ? String(nested) : JSON.stringify(nested);
}

const keys = fc.constantFrom('id', 'name', "it's", 'é"', '\n');
const pairs = fc.array(fc.tuple(keys, value), { maxLength: 6 });

/** A dict as text with its keys as they come, twice the same one included. */
function dictRepr(dict: [string, LiteralValue][]): string {
  return `{${dict.map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`).join(', ')}}`;
}

/** Python's text of a float such as 1e-7 has two digits of exponent where JavaScript's has one. */
const sameNumbers = (text: string) => !/\de[-+]/.test(text);

describe('readEntries', () => {
  it.each<[string, string, Row[]]>([
    ['Python 2', "[{u'id': 16L, u'name': u'Drama'}]", [[1, '16', 'Drama']]],
    ['numpy 2', "[{'id': np.int64(16), 'name': np.str_('Drama')}]", [[1, '16', 'Drama']]],
    ['numpy by its long name', "[{'id': numpy.int32( 16 ), 'name': np.nan}]", [[1, '16', null]]],
    [
      'pandas, without a value',
      "[{'id': 16, 'name': nan}, {'id': inf, 'name': -inf}]",
      [
        [1, '16', null],
        [2, null, null],
      ],
    ],
    ['JavaScript, without a value', '[{"id": NaN, "name": -Infinity}]', [[1, null, null]]],
    [
      'a program that encodes JSON twice',
      '"[{\\"id\\": 16, \\"name\\": \\"Dr\\\\u00e4ma\\"}]"',
      [[1, '16', 'Dräma']],
    ],
    [
      'json.load with OrderedDict, in Python 2',
      "[OrderedDict([(u'id', 16L), (u'name', u'It\\'s')]), OrderedDict()]",
      [
        [1, '16', "It's"],
        [2, null, null],
      ],
    ],
    [
      'OrderedDict since Python 3.12',
      "[collections.OrderedDict({'id': 16, 'name': 'Drama'})]",
      [[1, '16', 'Drama']],
    ],
    [
      'numpy, an array of dicts',
      "[{'id': 16, 'name': 'Animation'}\n {'id': 35, 'name': '} {'} {'id': 18}]",
      [
        [1, '16', 'Animation'],
        [2, '35', '} {'],
        [3, '18', null],
      ],
    ],
    [
      'numpy, as code',
      "array([{'id': np.float64(nan), 'name': np.str_('é')}], dtype=object)",
      [[1, null, 'é']],
    ],
    ['numpy, truth', "[{'id': np.True_, 'name': np.False_}]", [[1, 'true', 'false']]],
  ])('reads what is written by %s', (_tool, text, rows) => {
    expect(rowsOf(text, ['id', 'name'])).toEqual({ rows, result: { ok: true, count: rows.length } });
  });

  it.each([
    ["[{'id': datetime.date(2015, 1, 2)}]", 8],
    ["[{'id': np.int64(16}]", 8],
    ["[{'id': np.int64([16])}]", 8],
    ["[OrderedDict([('id', 16, 18)])]", 1],
    ["[{'id': 16}, {'id': 18} {'id': 35}]", 24],
    ["[{'id': 16}{'id': 18}]", 11],
    ["['a' 'b']", 1],
    ["[{'id': 16} ... {'id': 18}]", 12],
    ["[{'id': np.array(16)}]", 8],
    ["[{'id': 16 'name': 'Drama'}]", 11],
    ["[{'id': 16 {'id': 18}]", 11],
    ["'Drama'", 0],
    ['Animation|Comedy', 0],
  ])('refuses %s, whose meaning is not certain', (text, position) => {
    expect(rowsOf(text, ['id', 'name'])).toMatchObject({ rows: [], result: { ok: false, position } });
  });

  it('gives the wanted fields that parsing the whole value would give', () => {
    fc.assert(
      fc.property(fc.array(pairs, { maxLength: 5 }), fc.uniqueArray(keys), (dicts, fields) => {
        const text = `[${dicts.map(dictRepr).join(', ')}]`;
        fc.pre(sameNumbers(text) && !text.includes('\\x00'));
        const { rows, result } = rowsOf(text, fields);
        expect(result).toEqual({ ok: true, count: dicts.length });
        expect(rows).toEqual(
          dicts.map((dict, index) => [
            index + 1,
            ...fields.map((field) => expectedText(new Map(dict).get(field))),
          ]),
        );
      }),
      { numRuns: propertyRuns(2000) },
    );
  });

  const unreadable = [
    'datetime.date(2015, 1, 2)',
    "Decimal('1.5')",
    "Timestamp('2015-01-02', tz=None)",
    '0x1F',
    '007',
    '+5',
    '1_000',
    '<NA>',
    "<class 'int'>",
    'unknown',
    "b'abc'",
    String.raw`'\d \N{BULLET}'`,
    "[1, {'a': Decimal('2')}]",
    '(1, Ellipsis)',
    "{'a', 'b'}",
  ];
  it.each(unreadable)('skips %s in a field that is not wanted, and refuses it in one that is', (bad) => {
    const text = `[{'id': 16, 'note': ${bad}, 'name': 'A'}, {'note': ${bad}, 'id': 18}, {'id': 3, 'note': ${bad}}]`;
    expect(rowsOf(text, ['id', 'name'])).toEqual({
      rows: [
        [1, '16', 'A'],
        [2, '18', null],
        [3, '3', null],
      ],
      result: { ok: true, count: 3 },
    });
    expect(rowsOf(text, ['id', 'note'])).toMatchObject({ rows: [], result: { ok: false } });
  });

  it.each([
    "[{'id': 16, 'note': It's bad, 'name': 'x'}, {'id': 18, 'note': It's bad, 'name': 'y'}]",
    "[{'id': 16, 'note': 'It's bad', 'name': 'x'}]",
    "[{'id': 16, 'note': one, two, 'name': 'x'}]",
    "[{'id': 16, 'note': one two, 'name': 'x'}]",
    "[{'id': 16, 'note': , 'name': 'x'}]",
    "[{'id': 16, 'note': [1, 'name': 'x'}]",
    "[{'id': 16, 'note': f(1, 'name': 'x'}]",
    "[{'id': 16, 'note': 'x}]",
    "[{'id': 16, 'note': {'a', 'b': 1}}]",
    "[{'id': 16, 'note': 'x\ny', 'name': 'x'}]",
  ])('refuses %j: it is not certain where the bad value ends', (text) => {
    expect(rowsOf(text, ['id'])).toMatchObject({ rows: [], result: { ok: false } });
  });

  it('never gives a wanted field another value when a field that is not wanted is damaged', () => {
    const note = fc.oneof(value, fc.constantFrom("', 'id': 7, '", "}, {'id': 7", '"', "it's", 'a, b: c'));
    const damage = fc.constantFrom(...`'"\\,:{}[]() 0eN<>`, '', "b'", '=');
    let skipped = 0;
    fc.assert(
      fc.property(
        fc.array(note, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat(),
        damage,
        (notes, which, place, change) => {
          const texts = notes.map(pythonRepr);
          const one = texts[which % texts.length]!;
          const at = place % one.length;
          texts[which % texts.length] = one.slice(0, at) + change + one.slice(at + 1);
          const text = `[${texts.map((each, index) => `{'id': ${index}, 'note': ${each}, 'name': 'n${index}'}`).join(', ')}]`;
          fc.pre(!parseLiteral(text).ok);
          const { rows, result } = rowsOf(text, ['id', 'name']);
          if (!result.ok) return;
          skipped++;
          expect(rows).toEqual(texts.map((_, index) => [index + 1, String(index), `n${index}`]));
        },
      ),
      { numRuns: propertyRuns(3000) },
    );
    expect(skipped).toBeGreaterThan(10);
  });

  it('refuses what parseLiteral refuses, at the same character, when the fields are wanted', () => {
    const damage = fc.constantFrom(...`'"\\,:{}[]() 0eN\n`, '');
    fc.assert(
      fc.property(
        fc.array(pairs, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        damage,
        (dicts, place, character) => {
          const whole = `[${dicts.map(dictRepr).join(', ')}]`;
          const at = 1 + (place % (whole.length - 1));
          const text = whole.slice(0, at) + character + whole.slice(at + 1);
          const parsed = parseLiteral(text);
          fc.pre(!parsed.ok && parsed.position > 1);
          const { rows, result } = rowsOf(text, ['id', 'name', "it's", 'é"', '\n']);
          // A damaged key is a field that is not wanted, and so is its value.
          if (result.ok) return;
          expect(rows).toEqual([]);
          // An item that is no dict is refused for that before a fault further on is seen.
          if (!result.ok && !result.message.includes('entry that is a dict')) expect(result).toEqual(parsed);
        },
      ),
      { numRuns: propertyRuns(2000) },
    );
  });

  it('writes each kind of value as text', () => {
    const text = String.raw`[{'a': None, 'b': True, 'c': False, 'd': 1.50, 'e': 123456789012345678901234567890, 'f': 'x\ty\\\u20ac',
      'g': {'n': [1.50, None, (True,)], 2: "it's"}, 'h': '', 'i': '\ud83d\ude00', 'j': null}]`;
    const fields = ['j', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'missing'];
    expect(rowsOf(text, fields).rows).toEqual([
      [
        1,
        ...[null, null, 'true', 'false', '1.50', '123456789012345678901234567890', 'x\ty\\€'],
        ...['{"n":[1.50,null,[true]],"2":"it\'s"}', '', '😀', null],
      ],
    ]);
  });

  it('reads one dict as one entry, and an empty text, blanks and None as no entries', () => {
    expect(rowsOf("{'id': 1}", ['id']).rows).toEqual([[1, '1']]);
    for (const text of ['', '  ', 'None', 'null', '[]', '()', ' [ ] ']) {
      expect(rowsOf(text, ['id']), text).toEqual({ rows: [], result: { ok: true, count: 0 } });
    }
  });

  it('finds fields whatever the order and spelling of the keys from entry to entry', () => {
    const text = String.raw`[{'id': 1, 'name': 'a'}, {"name":"b","id":2}, {'n\x61me': 'c', 1: 'x'}, {}, {'id': 5, 'id': 6}]`;
    expect(rowsOf(text, ['id', 'name']).rows).toEqual([
      [1, '1', 'a'],
      [2, '2', 'b'],
      [3, null, 'c'],
      [4, null, null],
      [5, '6', null],
    ]);
  });

  it.each([
    ["'text'", 0, 'a list of dicts or a dict'],
    ['0.065736', 0, 'a list of dicts or a dict'],
    ['True', 0, 'a list of dicts or a dict'],
    ['[1]', 1, 'an entry that is a dict'],
    ["[{'id': 1}, None]", 12, 'an entry that is a dict'],
    ["[{'id': 1}, [{'id': 2}]]", 12, 'an entry that is a dict'],
    ["[{'id': 1}, {'id': 2}", 21, "',' or ']'"],
    ["[{'id': 1}] ]", 12, 'the end of the text'],
    [String.raw`[{'name': 'é\x00'}]`, 12, 'characters a database can store'],
    [String.raw`[{'name': '\ud800'}]`, 11, 'characters a database can store'],
  ])('refuses %s at character %i and emits nothing of it', (text, position, expected) => {
    const { rows, result } = rowsOf(text, ['id', 'name']);
    expect(rows).toEqual([]);
    expect(result).toMatchObject({ ok: false, position });
    expect(result.ok ? '' : result.message).toContain(`expected ${expected}`);
  });

  it('accepts a text that cannot be stored in a field that is not wanted', () => {
    expect(rowsOf(String.raw`[{'id': 1, 'name': '\x00\ud800'}]`, ['id']).rows).toEqual([[1, '1']]);
  });
});
