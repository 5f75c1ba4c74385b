import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.js';
import { readAsPython } from './python-csv.js';
import { readBytes } from './reading.js';

const hostile = [
  'id,name,note\r\n',
  '1,plain,\n',
  '2,"quoted, with comma","say ""hi"""\r\n',
  '3,"two\nlines","three\r\nlines\n\n"\n',
  '4,"","é – 漢字 🎬"\n',
  '\\.\n',
  '5,"a line\n\\.\nin quotes",x\n',
  '\n',
  '6,in"side,"be"hind\n',
  'too,few\n',
  'far,too,many,fields\n',
  '7,last,one',
].join('');

describe('reading records', () => {
  it('keeps of a hostile file cut at any byte what Python would keep', async () => {
    const bytes = Buffer.from(hostile);
    let read = 0;
    for (let cut = 0; cut <= bytes.length; cut++) {
      const text = new TextDecoder().decode(bytes.subarray(0, cut));
      const python = readAsPython(text).slice(1);
      let reading: Awaited<ReturnType<typeof readBytes>>;
      try {
        reading = await readBytes(bytes.subarray(0, cut), { partBytes: 1 });
      } catch (error) {
        expect(error, `cut at ${cut}`).toBeInstanceOf(Fault);
        expect(python).toHaveLength(0);
        continue;
      }
      read++;
      const { good, rejected } = reading;
      const found = [
        ...good.map((record) => ({ number: record.number, rows: readAsPython(record.text) })),
        ...rejected.map((record) => ({
          number: record.number,
          rows: readAsPython(
            record.rawEncoding === 'text'
              ? record.raw
              : new TextDecoder().decode(Buffer.from(record.raw, 'base64')),
          ),
        })),
      ].sort((left, right) => left.number - right.number);
      expect(
        found.map((record) => record.number),
        `cut at ${cut}`,
      ).toEqual(python.map((_, index) => index + 1));
      expect(
        found.flatMap((record) => record.rows),
        `cut at ${cut}`,
      ).toEqual(python);
    }
    expect(read).toBeGreaterThan(100);
  });

  it('gives random records back equal, in order and with their lines, however the file is cut', async () => {
    const char = fc.constantFrom(
      'a',
      'b',
      ' ',
      ',',
      '"',
      '\n',
      '\r\n',
      '\r',
      '\\.',
      '\\',
      'é',
      '漢',
      '🎬',
      '\u2028',
      '\ufeff',
    );
    const field = fc.array(char, { maxLength: 6 }).map((chars) => chars.join(''));
    const record = fc.record({
      fields: fc.tuple(field, field, field),
      quoteAll: fc.boolean(),
      crlf: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 400 }),
        async (records, partBytes) => {
          const text = `id,name,note\n${records
            .map(({ fields, quoteAll, crlf }) => {
              const cells = fields.map((f) =>
                quoteAll || /[",\r\n]/.test(f) ? `"${f.replaceAll('"', '""')}"` : f,
              );
              return cells.join(',') + (crlf ? '\r\n' : '\n');
            })
            .join('')}`;
          const { good, rejected, survey } = await readBytes(text, { partBytes });
          expect(rejected).toEqual([]);
          expect(good.map((r) => readAsPython(r.text)[0])).toEqual(records.map((r) => r.fields));
          expect(good.map((r) => r.number)).toEqual(records.map((_, index) => index + 1));
          let line = 2;
          const lineOf = records.map(({ fields }) => {
            const own = line;
            line += 1 + (fields.join('|').match(/\r\n|\n|\r/g) ?? []).length;
            return own;
          });
          for (const part of survey.parts) {
            expect(part.firstLine).toBe(lineOf[part.firstRecord - 1]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes random text as Python does, but for what it rejects as damaged', async () => {
    const piece = fc.constantFrom('a', '1', ',', ',', '"', '\n', '\n', '\r\n', '\r', ' ', 'é');
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 30 }),
        async (pieces, partBytes) => {
          const body = pieces.join('');
          const python = readAsPython(body);
          if (python.length === 0) {
            return;
          }
          const { good, rejected } = await readBytes(`id,name,note\n${body}`, { partBytes });
          if (rejected.some((record) => record.reason === 'unbalanced_quote')) {
            return;
          }
          expect(good.length + rejected.length).toBe(python.length);
          for (const record of good) {
            expect(readAsPython(record.text)).toEqual([python[record.number - 1]]);
          }
          for (const record of rejected) {
            expect(readAsPython(record.raw)).toEqual([python[record.number - 1]]);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
