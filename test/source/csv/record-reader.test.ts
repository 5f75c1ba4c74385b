import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertyRuns } from '../../property-runs.js';
import { readBytes } from '../reading.js';
import { readAsPython } from './python-csv.js';

describe('reading records', () => {
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
              const blank = fields.every((f) => /^ *$/.test(f));
              const cells = fields.map((f) =>
                quoteAll || blank || /[",\r\n]/.test(f) ? `"${f.replaceAll('"', '""')}"` : f,
              );
              return cells.join(',') + (crlf ? '\r\n' : '\n');
            })
            .join('')}`;
          const { good, rejected, scanned } = await readBytes(text, { partBytes });
          expect(rejected).toEqual([]);
          expect(good.map((r) => readAsPython(r.text)[0])).toEqual(records.map((r) => r.fields));
          expect(good.map((r) => r.number)).toEqual(records.map((_, index) => index + 1));
          let line = 2;
          const lineOf = records.map(({ fields }) => {
            const own = line;
            line += 1 + (fields.join('|').match(/\r\n|\n|\r/g) ?? []).length;
            return own;
          });
          for (const part of scanned.parts) {
            expect(part.firstLine).toBe(lineOf[part.firstRecord - 1]);
          }
        },
      ),
      { numRuns: propertyRuns(300) },
    );
  });

  it('reads random text as Python does, except for damaged and blank records', async () => {
    const piece = fc.constantFrom('a', '1', ',', ',', '"', '\n', '\n', '\r\n', '\r', ' ', 'é');
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 30 }),
        async (pieces, partBytes) => {
          const body = pieces.join('');
          const python = readAsPython(body, 'left out');
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
      { numRuns: propertyRuns(1000) },
    );
  });
});
