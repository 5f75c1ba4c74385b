import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvRecord } from '../../src/dataset/sample/csv-record.js';
import { type PythonValue, pythonFloat, pythonRepr } from '../../src/dataset/sample/python-repr.js';
import { askPython } from './sample-python.js';

describe('pythonRepr', () => {
  const facts: [PythonValue, string][] = [
    [null, 'None'],
    [true, 'True'],
    [false, 'False'],
    [0, '0'],
    [-0, '0'],
    [97, '97'],
    [1e21, '1000000000000000000000'],
    [12345678901234567890n, '12345678901234567890'],
    [pythonFloat(97), '97.0'],
    [pythonFloat(-0), '-0.0'],
    [0.1, '0.1'],
    [5.30588, '5.30588'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [pythonFloat(1e15), '1000000000000000.0'],
    [pythonFloat(1e16), '1e+16'],
    [pythonFloat(123456789012345680000), '1.2345678901234568e+20'],
    [pythonFloat(-1.5e300), '-1.5e+300'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    ['', "''"],
    ["Kerri O'Kane", `"Kerri O'Kane"`],
    ['say "so"', `'say "so"'`],
    [`both ' and "`, `'both \\' and "'`],
    ['back\\slash', "'back\\\\slash'"],
    ['tab\tline\nreturn\rnul\0bell\x07del\x7f', "'tab\\tline\\nreturn\\rnul\\x00bell\\x07del\\x7f'"],
    ['Fräulein 東京 🎬', "'Fräulein 東京 🎬'"],
    ['no-break\u00a0soft\u00adwide\u3000line\u2028', "'no-break\\xa0soft\\xadwide\\u3000line\\u2028'"],
    ['tag\u{e0001}', "'tag\\U000e0001'"],
    ['lone\ud800', "'lone\\ud800'"],
    [[], '[]'],
    [{}, '{}'],
    [
      [{ id: 16, name: "Kerri O'Kane", poster_path: null }],
      `[{'id': 16, 'name': "Kerri O'Kane", 'poster_path': None}]`,
    ],
    [
      new Map<PythonValue, PythonValue>([
        ['b', 1],
        [1, ['a']],
      ]),
      "{'b': 1, 1: ['a']}",
    ],
  ];
  it.each(facts.map(([value, written]) => ({ value, written })))(
    'writes $written as CPython does',
    ({ value, written }) => {
      expect(pythonRepr(value)).toBe(written);
    },
  );

  it('writes any text as CPython does', (context) => {
    const unit = fc.oneof(
      fc.constantFrom(...'\'"\\\n\r\t\0 a'),
      fc.integer({ min: 0, max: 0x2fff }).map(fromCode),
    );
    const texts = fc.sample(
      fc.array(unit, { maxLength: 12 }).map((units) => units.join('')),
      { numRuns: 2000, seed: 7 },
    );
    // The assigned code points depend on the Unicode version: those that this Python does not know are left out.
    const known = askPython<(string | null)[]>(
      context,
      "import unicodedata\nn = lambda t: any(unicodedata.category(c) == 'Cn' for c in t)\n" +
        'print(json.dumps([None if n(t) else repr(t) for t in asked]))',
      texts,
    );
    const compared = texts.filter((_, place) => known[place] !== null);
    expect(compared.length).toBeGreaterThan(500);
    expect(compared.map((text) => pythonRepr(text))).toEqual(known.filter((written) => written !== null));
  });

  it('writes any float as CPython does', (context) => {
    const floats = fc.sample(
      fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer().map((whole) => whole / 1000),
        fc.integer({ min: -20, max: 20 }).map((power) => Number(`1.25e${power}`)),
      ),
      { numRuns: 2000, seed: 7 },
    );
    const written = askPython<string[]>(
      context,
      'print(json.dumps([repr(float(t)) for t in asked]))',
      floats.map((value) => (Object.is(value, -0) ? '-0.0' : String(value))),
    );
    expect(floats.map((value) => pythonRepr(pythonFloat(value)))).toEqual(written);
  });
});

describe('csvRecord', () => {
  it('quotes only fields with a comma, a quote or a line end, and doubles quotes', () => {
    expect(csvRecord(['plain', '', ' a ', 'a,b', 'say "so"', 'two\nlines', 'cr\rcr'])).toBe(
      'plain,, a ,"a,b","say ""so""","two\nlines","cr\rcr"\n',
    );
  });

  it('writes a single empty field with quotes, so that it is not an empty line', () => {
    expect(csvRecord([''])).toBe('""\n');
  });

  it("writes the same as Python's csv.writer", (context) => {
    const field = fc
      .array(fc.constantFrom(...'a é,"\n\\\''), { maxLength: 6 })
      .map((units) => units.join(''));
    const records = fc.sample(fc.array(field, { minLength: 1, maxLength: 5 }), { numRuns: 500, seed: 7 });
    const program =
      "out = io.StringIO()\ncsv.writer(out, lineterminator='\\n').writerows(asked)\nprint(json.dumps(out.getvalue()))";
    expect(records.map(csvRecord).join('')).toBe(askPython<string>(context, program, records));
  });
});

function fromCode(code: number): string {
  return String.fromCodePoint(code);
}
