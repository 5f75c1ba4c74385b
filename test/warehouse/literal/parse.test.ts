import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLiteral } from '../../../src/warehouse/literal/parse.js';
import { MAX_DEPTH } from '../../../src/warehouse/literal/scanner.js';
import { propertyRuns } from '../../property-runs.js';
import { canonical } from './canonical.js';
import { pythonRepr, value } from './python-repr.js';

function readValue(text: string): unknown {
  const result = parseLiteral(text);
  if (!result.ok) throw new Error(`${result.position}: ${result.message}`);
  return result.value;
}

describe('parseLiteral', () => {
  it('reads everything that repr writes', () => {
    fc.assert(
      fc.property(value, (original) => {
        const result = parseLiteral(pythonRepr(original));
        expect(result.ok && canonical(result.value)).toBe(canonical(original));
      }),
      { numRuns: propertyRuns(2000) },
    );
  });

  it('reads JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
        const result = parseLiteral(space + JSON.stringify(JSON.parse(json), null, space) + space);
        expect(result.ok && plain(result.value)).toEqual(JSON.parse(json));
      }),
      { numRuns: propertyRuns(1000) },
    );
  });

  it('refuses every text cut short in a list or dict, with a position within the text', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), fc.nat(), (list, cut) => {
        const whole = pythonRepr(list);
        const text = whole.slice(0, cut % whole.length);
        const result = parseLiteral(text);
        expect(result.ok).toBe(false);
        if (!result.ok)
          expect(result.position).toSatisfy((at: number) => at >= 0 && at <= Array.from(text).length);
      }),
      { numRuns: propertyRuns(2000) },
    );
  });

  it('gives a position within the text and one sentence for any text that it refuses', () => {
    const anything = fc.string({ unit: fc.constantFrom(...`[]{}():,'"\\ xuUN01.-eé😀\n\0Nonetrue`) });
    fc.assert(
      fc.property(anything, (text) => {
        const result = parseLiteral(text);
        if (result.ok) return;
        expect(result.position).toSatisfy((at: number) => at >= 0 && at <= Array.from(text).length);
        expect(result.message).toMatch(/^Found .*, expected .*\.$/u);
      }),
      { numRuns: propertyRuns(3000) },
    );
  });

  it.each([
    [String.raw`'\\ \' \" \n \r \t \a \b \f \v'`, `\\ ' " \n \r \t \x07 \b \f \v`],
    [String.raw`'\x41\xe9 \u20ac \U0001f600 \101\0\18'`, 'Aé € 😀 A\0\x018'],
    [String.raw`"\/ \ud83d\ude00"`, '/ 😀'],
    [`"Kerri O'Kane"`, "Kerri O'Kane"],
    ['-12345678901234567890123', -12345678901234567890123n],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-1.5e-07', -1.5e-7],
    ['1e+16', 1e16],
    ['-0.0', -0],
    ['-0', 0],
    ['(1,)', [1]],
    ['()', []],
    [' [ 1 ,\n2 ] ', [1, 2]],
    [
      "{'a': 1, 'b': 2, 'a': 3}",
      new Map([
        ['a', 3],
        ['b', 2],
      ]),
    ],
    [
      "{1: 'a', True: 'b', '1': 'c'}",
      new Map<unknown, string>([
        [1, 'b'],
        ['1', 'c'],
      ]),
    ],
  ])('reads %s', (text, expected) => {
    expect(readValue(text)).toStrictEqual(expected);
  });

  it.each([
    ['', 0, 'the end of the text, expected a value'],
    ['nano', 0, 'a name that is not a value'],
    ['[1, info]', 4, 'a name that is not a value'],
    ['-i', 1, 'a name that is not a value'],
    ['-nan', 1, "'n' in a number"],
    ['[1 2]', 3, "'2', expected ',' or ']'"],
    ['[1,]', 3, "']', expected a value"],
    ['(1)', 2, "')', expected ','"],
    ["{'a' 1}", 5, "'1', expected ':'"],
    ["{'a', 'b'}", 4, "',', expected ':'"],
    ["{['a']: 1}", 1, "'[', expected a key"],
    ['01', 1, "'1' after a leading zero"],
    ['1.', 2, 'the end of the text in a number'],
    ['1_000', 1, "'_', expected the end"],
    ["b'a'", 0, 'a name that is not a value'],
    ["'a' 'b'", 4, "''', expected the end"],
    ["['a\nb']", 3, 'the character U+000A inside a string'],
    ["'é😀' x", 5, "'x', expected the end"],
    [String.raw`'\N{BULLET}'`, 1, "an escape by character name ('\\N')"],
    [String.raw`'\d'`, 1, "a backslash before 'd'"],
    [String.raw`'\/'`, 1, "a backslash before '/'"],
    [String.raw`'\x4g'`, 4, "'g' in an escape"],
    [String.raw`'\U00110000'`, 1, "a '\\U' escape"],
    ["['ab", 4, 'the end of the text, expected the closing quote of the string that begins at 1'],
    ["'ab\\", 4, 'the end of the text, expected the closing quote of the string that begins at 0'],
    ['é\ud800', 1, 'half of a surrogate pair'],
  ])('refuses %j at character %i', (text, position, found) => {
    const result = parseLiteral(text);
    expect(result).toMatchObject({ ok: false, position });
    expect(result.ok ? '' : result.message).toContain(`Found ${found}`);
  });

  it('reads each text as if it were the first, whatever was read and weakMemo before', () => {
    const keys = fc.constantFrom(
      'id',
      'no',
      "it's",
      'é',
      'ÿ',
      'Ā',
      'ā',
      '漢',
      '😀',
      '\n',
      '',
      'k'.repeat(200),
    );
    const spaces = fc.constantFrom(['', ''], [' ', ' '], ['', '\n '], [' ', '']);
    const dict = fc.tuple(fc.array(fc.tuple(keys, fc.nat(9)), { maxLength: 6 }), spaces);
    fc.assert(
      fc.property(fc.array(dict, { maxLength: 8 }), (dicts) => {
        for (const [pairs, [before, after]] of dicts) {
          const written = pairs.map(([key, item]) => `${pythonRepr(key)}${before}:${after}${item}`);
          expect(readValue(`{${written.join(', ')}}`)).toStrictEqual(new Map(pairs));
        }
      }),
      { numRuns: propertyRuns(2000) },
    );
  });

  it('reads dicts keyed by thousands of ids, and known keys after them', () => {
    const ids = Array.from({ length: 5000 }, (_, id): [string, number] => [`id ${id}`, id]);
    const written = ids.map(([key, id]) => `'${key}': ${id}`).join(', ');
    for (let time = 0; time < 3; time++) {
      expect(readValue(`{${written}}`)).toStrictEqual(new Map(ids));
      expect(readValue("[{'id': 1}, {'id': 2}]")).toStrictEqual([new Map([['id', 1]]), new Map([['id', 2]])]);
    }
  });

  it('does not read the rest of a longer, earlier text as the end of a shorter one', () => {
    for (let time = 0; time < 2; time++) expect(readValue("{'id': 1, 'name': 2}")).toBeInstanceOf(Map);
    expect(parseLiteral("{'id': 1, 'na")).toEqual({
      ok: false,
      position: 13,
      message: 'Found the end of the text, expected the closing quote of the string that begins at 10.',
    });
  });

  it.each([1000, 100_000, 3_000_000])('reads a text of %i characters', (length) => {
    for (const character of ['x', 'é', '漢']) {
      expect(readValue(`['${character.repeat(length)}', 1]`)).toEqual([character.repeat(length), 1]);
    }
  });

  it(`reads ${MAX_DEPTH} levels and refuses one more where it opens`, () => {
    expect(parseLiteral('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).ok).toBe(true);
    expect(parseLiteral('['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1))).toMatchObject({
      ok: false,
      position: MAX_DEPTH,
    });
    expect(readValue(`[${'[],'.repeat(MAX_DEPTH * 2)}1]`)).toHaveLength(MAX_DEPTH * 2 + 1);
  });
});

/** What JSON.parse would have made of it. */
function plain(read: unknown): unknown {
  if (Array.isArray(read)) return read.map(plain);
  if (typeof read === 'bigint') return Number(read);
  if (!(read instanceof Map)) return read;
  return Object.fromEntries([...read].map(([key, item]) => [key, plain(item)]));
}
