/**
 * A Python float, which `repr` always writes with a point or an exponent: `pythonFloat(97)` is `97.0`. An integer that is
 * a plain JavaScript number becomes a Python int.
 */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** The values that `pythonRepr` can write. Use a Map if keys are not text or look like numbers: objects reorder those. */
export type PythonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PythonFloat
  | readonly PythonValue[]
  | ReadonlyMap<PythonValue, PythonValue>
  | { readonly [key: string]: PythonValue };

/** Marks a number as a Python float. */
export function pythonFloat(value: number): PythonFloat {
  return new PythonFloat(value);
}

/**
 * The value as CPython's `repr` writes it: the notation of the vendor's nested columns. Node's Unicode tables decide which
 * characters are printable, so only newly assigned characters can differ.
 */
export function pythonRepr(value: PythonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return stringRepr(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : floatRepr(value);
  if (value instanceof PythonFloat) return floatRepr(value.value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  const pairs: Iterable<[PythonValue, PythonValue]> = value instanceof Map ? value : Object.entries(value);
  return `{${Array.from(pairs, ([key, held]) => `${pythonRepr(key)}: ${pythonRepr(held)}`).join(', ')}}`;
}

/** Backslash, C0, DEL, and what Python considers unprintable: all of "other" and "separator" except the space. */
const ESCAPED = /[\\\p{C}\p{Z}]/gu;

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(ESCAPED, escapeOf);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function escapeOf(character: string): string {
  if (character === ' ') return character;
  if (character === '\\') return '\\\\';
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Both languages print the shortest digits that round-trip. They differ in when to use an exponent. */
function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
