import type { LiteralValue } from '../../../src/warehouse/literal/parse.js';

/** A text in which equal values are equal: the same as `canonical` of vectors.py writes. */
export function canonical(value: LiteralValue): string {
  if (value === null) return 'N';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'bigint') return `#${value}`;
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '#-0' : `#${value}`;
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return `f${bits.toString('hex')}`;
  }
  if (typeof value === 'string') return asciiJson(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return `{${[...value].map(([key, item]) => `${canonical(key)}:${canonical(item)}`).join(',')}}`;
}

/** JSON with DEL and every character beyond ASCII escaped, as `json.dumps` writes. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
