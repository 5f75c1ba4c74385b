import fc from 'fast-check';
import type { LiteralValue } from '../../../src/warehouse/literal/parse.js';

/** Values as they occur in nested columns, and any text that a database can hold. */
export const scalar = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.integer(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom("'", '"', '\\', '\n', '\t', 'n', 'x', '0', '/', 'é', '😀') }),
);

/** Any value: lists and dicts of such scalars, some levels deep. */
export const value: fc.Arbitrary<LiteralValue> = fc.letrec<{ value: LiteralValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.string({ unit: 'binary' }), tie('value')), { maxLength: 4 })
      .map((pairs) => new Map(pairs)),
  ),
})).value;

/** Writes a value as Python's `repr` does: written here anew, so that the reader is not compared with itself. */
export function pythonRepr(value: LiteralValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return stringRepr(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`).join(', ')}}`;
  }
  return String(value);
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let written = quote;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character === quote || character === '\\') written += `\\${character}`;
    else if (character === '\n') written += '\\n';
    else if (character === '\r') written += '\\r';
    else if (character === '\t') written += '\\t';
    else if (code < 32 || (code >= 127 && code < 161)) written += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (/\p{C}|\p{Z}/u.test(character) && character !== ' ') {
      written +=
        code > 0xffff
          ? `\\U${code.toString(16).padStart(8, '0')}`
          : `\\u${code.toString(16).padStart(4, '0')}`;
    } else written += character;
  }
  return written + quote;
}
