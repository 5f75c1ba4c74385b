import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { EntryExpander } from '../../../src/warehouse/literal/expand.js';
import { type LiteralValue, parseLiteral } from '../../../src/warehouse/literal/parse.js';
import { canonical } from './canonical.js';
import { committedVectors, freshVectors, python, type Vectors } from './vectors.js';

/** A literal as a field of an entry, between others: where production finds it. */
const entryOf = (text: string) => `[{'id': 7, 'value': ${text}, 'last': "it's"}]`;

const letters: Record<string, string> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v' };
const characters = Object.fromEntries(
  Object.entries(letters).map(([character, letter]) => [letter, character]),
);
const copied = (text: string) => text.replace(/[\\\b\f\n\r\t\v]/g, (one) => `\\${letters[one] ?? one}`);
const uncopied = (field: string) =>
  field === '\\N' ? null : field.replace(/\\(.)/gs, (_, letter: string) => characters[letter] ?? letter);

/** What production makes of each text: the field's text, or undefined where the literal is refused. */
async function expanded(texts: readonly string[]): Promise<(string | null | undefined)[]> {
  const bytes = Buffer.from(texts.map((text, index) => `${index}\t${copied(entryOf(text))}\n`).join(''));
  // Chunks that end anywhere: within a character, within an escape.
  const chunks: Buffer[] = [];
  for (let at = 0, size = 1; at < bytes.length; at += size, size = 1 + ((size * 7919) % 10_007)) {
    chunks.push(bytes.subarray(at, at + size));
  }
  const output: Buffer[] = [];
  const refused: number[] = [];
  const expander = new EntryExpander({
    columns: [
      {
        name: 'nested',
        fields: ['id', 'value', 'last'],
        output: new Writable({
          write(chunk: Buffer, _encoding, done) {
            output.push(Buffer.from(chunk));
            done();
          },
        }),
      },
    ],
    onMalformed: ({ recordNumber }) => {
      refused.push(recordNumber);
    },
  });
  await pipeline(Readable.from(chunks), expander);
  const found: (string | null | undefined)[] = Array(texts.length).fill(undefined);
  for (const line of Buffer.concat(output).toString().split('\n').slice(0, -1)) {
    const [record, , id, value, last] = line.split('\t');
    expect([id, last]).toEqual(['7', "it's"]);
    found[Number(record)] = uncopied(value!);
  }
  expect(found.filter((text) => text === undefined)).toHaveLength(refused.length);
  return found;
}

/** Keys as JSON has them, numbers by their value. */
function withTextKeys(value: LiteralValue): LiteralValue {
  if (Array.isArray(value)) return value.map(withTextKeys);
  if (!(value instanceof Map)) return value;
  const key = (one: LiteralValue) => {
    const text = String(one);
    return text.trim() !== '' && !Number.isNaN(Number(text)) ? `number ${Number(text) + 0}` : text;
  };
  return new Map([...value].map(([one, item]) => [key(one), withTextKeys(item)]));
}

const size = (value: LiteralValue): number =>
  Array.isArray(value)
    ? value.reduce((sum: number, item) => sum + size(item), 1)
    : value instanceof Map
      ? [...value.values()].reduce((sum: number, item) => sum + size(item), 1)
      : 1;

/** A field's text in the canonical form of what Python read, whose kind of value it is told by. */
function canonicalOf(text: string | null, expected: string): string {
  if (text === null) return 'N';
  if (expected.startsWith('"')) return canonical(text);
  const parsed = parseLiteral(text);
  return parsed.ok ? canonical(withTextKeys(parsed.value)) : `not readable: ${text}`;
}

/** Texts that cannot be a field's value in a database, and so refuse the literal. */
const isStorable = (value: LiteralValue) =>
  typeof value !== 'string' ||
  (!value.includes('\0') && (value as string & { isWellFormed(): boolean }).isWellFormed());

/** Where production reads another value than Python wrote, and how many were compared. */
async function differences({ written }: Vectors): Promise<{ compared: number; differing: unknown[] }> {
  const texts = await expanded(written.map(([text]) => text));
  const differing: unknown[] = [];
  let compared = 0;
  for (const [index, [text, expected]] of written.entries()) {
    const read = parseLiteral(text);
    if (!read.ok) throw new Error(`parseLiteral refuses ${text}`);
    // Python's keys 10 and '10' are two, JSON's are one.
    const value = withTextKeys(read.value);
    if (size(value) !== size(read.value)) continue;
    compared++;
    const found = texts[index];
    const ours = found === undefined ? 'refused' : canonicalOf(found, expected);
    const theirs = !isStorable(read.value)
      ? 'refused'
      : typeof value === 'object' && value !== null
        ? canonical(value)
        : expected;
    if (ours !== theirs) differing.push({ text, ours, theirs });
  }
  return { compared, differing };
}

/** Damaged texts that production takes otherwise than parsing the whole does, which Python has been asked about. */
async function guesses({ damaged }: Vectors): Promise<unknown[]> {
  const texts = damaged.map(([text]) => text).filter((text) => !text.includes('\0'));
  const found = await expanded(texts);
  return texts.flatMap((text, index) => {
    const parsed = parseLiteral(entryOf(text));
    const entry = parsed.ok ? (parsed.value as Map<LiteralValue, LiteralValue>[]) : null;
    const isRead = entry?.every((one) => one instanceof Map && isStorable(one.get('value') ?? null));
    return (isRead ?? false) === (found[index] !== undefined) ? [] : [{ text, found: found[index] }];
  });
}

describe('literals that Python wrote, in the stream that production reads', () => {
  const vectors = committedVectors();

  it('are read as ast.literal_eval reads them, the committed 10,000', async () => {
    const { compared, differing } = await differences(vectors);
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(9_900);
  });

  it('are refused with one character damaged where parsing the whole refuses them', async () => {
    expect(await guesses(vectors)).toEqual([]);
  });

  it.skipIf(!python)('are read so as well when they are fresh, damaged or not', async () => {
    const { seed, vectors: fresh } = freshVectors();
    expect((await differences(fresh)).differing, `seed ${seed}`).toEqual([]);
    expect(await guesses(fresh), `seed ${seed}`).toEqual([]);
  });
});
