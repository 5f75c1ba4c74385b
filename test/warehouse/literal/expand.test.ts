import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/fault.js';
import { EntryExpander, type MalformedColumn } from '../../../src/warehouse/literal/expand.js';
import { propertyRuns } from '../../property-runs.js';

/** An output that is slow and full at once, so that every write has to wait. */
function slowOutput(): { output: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const output = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  return { output, text: () => Buffer.concat(chunks).toString() };
}

async function expand(chunks: Buffer[], maxRecordBytes?: number) {
  const cast = slowOutput();
  const crew = slowOutput();
  const malformed: MalformedColumn[] = [];
  const expander = new EntryExpander({
    columns: [
      { name: 'cast', fields: ['id', 'name'], output: cast.output },
      { name: 'crew', fields: ['job'], output: crew.output },
    ],
    onMalformed: async (each) => {
      malformed.push(each);
    },
    maxRecordBytes,
  });
  await pipeline(Readable.from(chunks), expander);
  return { cast: cast.text(), crew: crew.text(), malformed, expander };
}

/** A field as COPY TO writes it. */
function copied(text: string | null): string {
  if (text === null) return '\\N';
  const letters: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
  return text.replace(/[\n\r\t\\]/g, (character) => letters[character]!);
}

function input(...records: [number, string | null, string | null][]): Buffer {
  return Buffer.from(records.map(([n, cast, crew]) => `${n}\t${copied(cast)}\t${copied(crew)}\n`).join(''));
}

const records: [number, string | null, string | null][] = [
  [1, "[{'id': 1, 'name': 'Tom'}, {'id': 2, 'name': \"Kerri O'Kane\"}]", "[{'job': 'Director'}]"],
  [2, String.raw`[{'name': 'a\tb\n\\\x0b\x08 é😀', 'id': None}]`, null],
  [3, '', '[]'],
  [4, "[{'id': 1}, {'id'", "[{'job': ''}]"],
  [12345678901, `\n[{"id":3,"name":"\\u00e9"}]\t`, "[{'job': True}, {'é': 1, 'jo'}]"],
];
const castRows =
  '1\t1\t1\tTom\n' +
  "1\t2\t2\tKerri O'Kane\n" +
  '2\t1\t\\N\ta\\tb\\n\\\\\\v\\b é😀\n' +
  '12345678901\t1\t3\té\n';
const crewRows = '1\t1\tDirector\n4\t1\t\n';
const malformedOnes = [
  { recordNumber: 4, column: 'cast', position: 17, message: "Found the end of the text, expected ':'." },
  { recordNumber: 12345678901, column: 'crew', position: 29, message: "Found '}', expected ':'." },
];

describe('EntryExpander', () => {
  it('writes COPY rows for each nested column and reports each malformed literal', async () => {
    const { cast, crew, malformed, expander } = await expand([input(...records)]);
    expect(cast).toBe(castRows);
    expect(crew).toBe(crewRows);
    expect(malformed).toEqual(malformedOnes);
    expect(expander.records).toBe(5);
    expect(expander.counts).toEqual([
      { column: 'cast', entries: 4, malformed: 1 },
      { column: 'crew', entries: 2, malformed: 1 },
    ]);
  });

  it('gives the same result wherever the chunks are cut', async () => {
    const whole = input(...records);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: whole.length }), { maxLength: 40 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = places.slice(1).map((place, n) => whole.subarray(places[n], place));
        const { cast, crew, malformed } = await expand(chunks.filter((chunk) => chunk.length > 0));
        expect({ cast, crew, malformed }).toEqual({
          cast: castRows,
          crew: crewRows,
          malformed: malformedOnes,
        });
      }),
      { numRuns: propertyRuns(100) },
    );
    const bytes = Array.from(whole, (_, at) => whole.subarray(at, at + 1));
    expect((await expand(bytes)).cast).toBe(castRows);
  });

  it('separates keys of equal length even when the previous literal, also with a backslash, had another key there', async () => {
    const { cast } = await expand([
      input(
        [1, String.raw`[{'id': 1, 'name': 'a\\b'}]`, null],
        [2, String.raw`[{'no': 2, 'name': 'c\\d'}]`, null],
      ),
    ]);
    expect(cast).toBe('1\t1\t1\ta\\\\b\n2\t1\t\\N\tc\\\\d\n');
  });

  it('reads chunks and literals far larger than a piece', async () => {
    const long = 'x'.repeat(300_000);
    const many = Array.from({ length: 20_000 }, (_, id) => `{'id': ${id}, 'name': 'n\\\\${id}'}`).join(', ');
    const { cast, crew, expander } = await expand([
      Buffer.concat([input([1, `[${many}]`, `{'job': '${long}'}`]), input(...Array(5000).fill(records[0]))]),
    ]);
    const lines = cast.split('\n');
    expect(lines[19_999]).toBe('1\t20000\t19999\tn\\\\19999');
    expect(lines).toHaveLength(20_000 + 10_000 + 1);
    expect(crew.startsWith(`1\t1\t${long}\n1\t1\tDirector\n`)).toBe(true);
    expect(expander.counts.map(({ entries }) => entries)).toEqual([30_000, 5001]);
  });

  it('accepts no more input while an output is full', async () => {
    let release: () => void = () => undefined;
    const stuck = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => {
        release = () => done();
      },
    });
    const expander = new EntryExpander({
      columns: [{ name: 'cast', fields: ['id'], output: stuck }],
      onMalformed: () => undefined,
    });
    const record = Buffer.from("1\t[{'id': 1}]\n");
    let accepted = 0;
    const source = Readable.from(
      (function* () {
        for (; accepted < 5000; accepted++) yield record;
      })(),
    );
    const done = pipeline(source, expander);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(accepted).toBeLessThan(5000);
    expect(expander.records).toBe(1);
    stuck._write = (_chunk, _encoding, next) => next();
    release();
    await done;
    expect(expander.records).toBe(5000);
  });

  it.each([
    ['1\t[]\n', 'copy_text_columns', 'has fewer than 3 fields'],
    ['1\t[]\t[]\t[]\n', 'copy_text_columns', 'has more than 3 fields'],
    ['1\t[]\t[]\n2\t[]', 'copy_text_cut', 'ends within record 2'],
    [
      `1\t[]\t${' '.repeat(100)}`,
      'copy_text_record_too_long',
      'Record 1 of the COPY stream is longer than the maximum of 64 bytes',
    ],
  ])('fails on %j, which COPY would not send', async (text, code, message) => {
    const error = await expand([Buffer.from(text)], 64).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('fails with the error of a broken output and leaves no other output open', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('connection lost')) });
    const other = slowOutput();
    const expander = new EntryExpander({
      columns: [
        { name: 'cast', fields: ['id'], output: broken },
        { name: 'crew', fields: ['job'], output: other.output },
      ],
      onMalformed: () => undefined,
    });
    other.output.on('error', () => undefined);
    const source = Readable.from(Array(100).fill(input(records[0]!)));
    await expect(pipeline(source, expander)).rejects.toThrow('connection lost');
    expect(other.output.destroyed).toBe(true);
    expect(other.output.writableFinished).toBe(false);
  });

  it('leaves outputs unfinished when its input breaks, so that a part does not pass for the whole', async () => {
    const { output } = slowOutput();
    const closed = once(output, 'error').catch(() => undefined);
    const expander = new EntryExpander({
      columns: [{ name: 'cast', fields: ['id'], output }],
      onMalformed: () => undefined,
    });
    const source = new Readable({ read: () => undefined });
    source.push("1\t[{'id': 1}]\n");
    setTimeout(() => source.destroy(new Error('source lost')), 10);
    await expect(pipeline(source, expander)).rejects.toThrow('source lost');
    await closed;
    expect(output.writableFinished).toBe(false);
    expect(output.destroyed).toBe(true);
  });
});
