import fc from 'fast-check';

/** A field as it is written: its text, and whether it is quoted. */
export interface WrittenField {
  readonly value: string;
  readonly quoted: boolean;
}

/** What a faulty writer or a bad edit does to one record. The kinds are those of the Pollock benchmark, and others like them. */
const pollutions = [
  'quote added at the start of a field',
  'quote added anywhere',
  'quote removed',
  'quote doubled',
  'separator added',
  'separator removed',
  'separator replaced',
  'inner quotes not doubled',
  'inner quotes escaped by backslashes',
  'quotes replaced by apostrophes',
  'space before quotes',
] as const;

export interface Pollution {
  readonly kind: (typeof pollutions)[number];
  /** Where, as a share of the possible places. */
  readonly place: number;
  readonly separator: string;
}

export const pollution: fc.Arbitrary<Pollution> = fc.record({
  kind: fc.constantFrom(...pollutions),
  place: fc.nat(9_999).map((part) => part / 10_000),
  separator: fc.constantFrom(' ', ';', '\t', ', ', '|'),
});

export function written(fields: readonly WrittenField[]): string {
  return fields.map((field) => fieldText(field)).join(',');
}

function fieldText({ value, quoted }: WrittenField, inner = '""'): string {
  return quoted || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', inner)}"` : value;
}

/** The record with the fault. It may be a good record still, with the same values. */
export function polluted(fields: readonly WrittenField[], { kind, place, separator }: Pollution): string {
  const texts = fields.map((field) => fieldText(field));
  const line = texts.join(',');
  const index = Math.floor(place * fields.length);
  const at = Math.floor(place * (line.length + 1));
  const gap = 1 + Math.floor(place * (fields.length - 1));
  const quotes = [...line.matchAll(/"/g)].map((match) => match.index);
  const quote = quotes[Math.floor(place * quotes.length)];
  const joined = (mark: string) => [texts.slice(0, gap).join(','), texts.slice(gap).join(',')].join(mark);
  switch (kind) {
    case 'quote added at the start of a field':
      return texts.map((text, own) => (own === index ? `"${text}` : text)).join(',');
    case 'quote added anywhere':
      return `${line.slice(0, at)}"${line.slice(at)}`;
    case 'quote removed':
      return quote === undefined ? line : line.slice(0, quote) + line.slice(quote + 1);
    case 'quote doubled':
      return quote === undefined ? line : `${line.slice(0, quote)}"${line.slice(quote)}`;
    case 'separator added':
      return joined(',,');
    case 'separator removed':
      return joined('');
    case 'separator replaced':
      return place < 0.2 ? texts.join(separator) : joined(separator);
    case 'inner quotes not doubled':
      return fields.map((field) => fieldText(field, '"')).join(',');
    case 'inner quotes escaped by backslashes':
      return fields.map((field) => fieldText(field, '\\"')).join(',');
    case 'quotes replaced by apostrophes':
      return texts.map((text) => (text.startsWith('"') ? `'${text.slice(1, -1)}'` : text)).join(',');
    case 'space before quotes':
      return texts.join(', ');
  }
}
