import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listRejects } from '../../src/source/ledger/reject-ledger.js';
import { useDatabase } from '../database-fixture.js';
import { readAsPython } from './csv/python-csv.js';
import { createThingsTable, loadBytes, rowsOf, useFolder } from './loading.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

const fixtures = join(import.meta.dirname, 'fixtures');

/** For each file that is loaded: its rejects as [record, line, reason]. Every other record is a row. */
const rejectsOf: Record<string, [number, number, string][]> = {
  'clean.csv': [],
  'record-broken-by-newline.csv': [
    [2, 3, 'field_count'],
    [3, 4, 'field_count'],
  ],
  'record-with-too-many-fields.csv': [[2, 3, 'field_count']],
  'quote-left-open.csv': [[2, 3, 'unbalanced_quote']],
  'quote-left-open-in-last-record.csv': [[3, 4, 'unbalanced_quote']],
  'quote-closed-by-a-later-one.csv': [[2, 3, 'unbalanced_quote']],
  'quote-inside-plain-field.csv': [],
  'text-behind-closing-quote.csv': [[2, 3, 'uncertain_quotes']],
  'nul-byte.csv': [[2, 3, 'nul_byte']],
  'invalid-utf8.csv': [[2, 3, 'invalid_utf8']],
  'utf8-surrogate.csv': [[2, 3, 'invalid_utf8']],
  'latin1-text.csv': [[2, 3, 'invalid_utf8']],
  'end-of-data-line.csv': [[2, 3, 'field_count']],
  'end-of-data-line-inside-quotes.csv': [],
  'blank-lines.csv': [],
  'line-of-spaces.csv': [],
  'lines-of-separators.csv': [],
  'separator-line.csv': [[2, 4, 'field_count']],
  'trailing-commas.csv': [[3, 4, 'field_count']],
  'index-column.csv': [],
  'header-unnamed-column.csv': [],
  'byte-order-mark.csv': [],
  'crlf-line-ends.csv': [],
  'carriage-returns-alone.csv': [],
  'mixed-line-ends.csv': [],
  'no-line-end-at-end.csv': [],
  'empty-and-quoted-empty.csv': [],
  'quoted-newlines.csv': [],
  'columns-in-another-order.csv': [],
  'extra-column.csv': [],
};

/** For each file that is refused as a whole: the fault's code and its message. */
const refusals: Record<string, [string, RegExp]> = {
  'header-missing-column.csv': ['header_missing_column', /“Name” \(the nearest name found is “Nmae”\)/],
  'header-left-out.csv': [
    'header_missing_column',
    /^\S+ begins with “#”, “”, “a”, which are not columns of feed things\. Expected a header with id, Name, note\./,
  ],
  'page-of-a-server.csv': ['header_unreadable', /is an HTML page, expected UTF-8 text in CSV format/],
  'git-lfs-pointer.csv': [
    'header_unreadable',
    /is a Git LFS pointer instead of the file it points to, expected/,
  ],
  'header-in-latin1.csv': ['header_unreadable', /is not UTF-8; it is likely Windows-1252 or Latin-1/],
  'separator-line-with-semicolon.csv': ['header_separator', /declares “;” as its separator, expected “,”/],
  'header-repeated-column.csv': ['header_repeated', /“Name” and “NAME”/],
  'header-with-open-quote.csv': ['header_unreadable', /balanced quotes/],
  'header-separated-by-semicolons.csv': ['header_separator', /separated by “;”, expected “,”/],
  'header-separated-by-tabs.csv': ['header_separator', /separated by tabs, expected “,”/],
  'header-quoted-and-separated-by-bars.csv': ['header_separator', /separated by “\|”, expected “,”/],
  'utf16.csv': ['header_unreadable', /is written in UTF-16, expected UTF-8/],
  'utf16-without-mark.csv': ['header_unreadable', /is written in UTF-16, expected UTF-8/],
  'header-only.csv': ['file_header_only', /contains a header and no records/],
  'header-and-blank-lines.csv': ['file_header_only', /contains a header and no records/],
  'empty.csv': ['file_empty', /is empty/],
  'line-ends-only.csv': ['file_empty', /is empty/],
};

const bytesOf = (name: string) => readFileSync(join(fixtures, name));

const byRecord = (left: (string | number)[], right: (string | number)[]) =>
  Number(left[0]) - Number(right[0]);

const PADDING = 6000;

/** The file after many good records, so that its bytes are sent to COPY, which refuses some of them. */
function padded(name: string): Buffer {
  const bytes = bytesOf(name);
  const skipped = name === 'separator-line.csv' ? bytes.indexOf('\n') + 1 : 0;
  const header = bytes.findIndex((byte, at) => at >= skipped && (byte === 0x0a || byte === 0x0d));
  const body = bytes.subarray(header, header + 2).equals(Buffer.from('\r\n')) ? header + 2 : header + 1;
  const fields = bytes.toString('utf8', skipped, header).split(',').length;
  const lines = Array.from({ length: PADDING }, () => `${new Array(fields).fill('padding').join(',')}\n`);
  return Buffer.concat([bytes.subarray(0, body), Buffer.from(lines.join('')), bytes.subarray(body)]);
}

/** The file with another letter in its first record, since the same bytes are loaded only once. */
function marked(name: string, letter: string): Buffer {
  const bytes = bytesOf(name);
  bytes.write(letter, bytes.indexOf('one'));
  return bytes;
}

describe('a file with a fault', () => {
  it('is named after its fault and has its expectation here', () => {
    const files = readdirSync(fixtures).filter((name) => name.endsWith('.csv'));
    expect(files.sort()).toEqual([...Object.keys(rejectsOf), ...Object.keys(refusals)].sort());
  });

  it.each(Object.entries(rejectsOf))('%s loses no neighbour of what is rejected', async (name, expected) => {
    const tries = [
      { bytes: bytesOf(name), partBytes: 1_000_000, before: 0 },
      { bytes: marked(name, 'x'), partBytes: 1, before: 0 },
      { bytes: padded(name), partBytes: 70_000, before: PADDING },
    ];
    for (const { bytes, partBytes, before } of tries) {
      const { received, result } = await loadBytes(database.pools.pipeline, folder, bytes, {
        partBytes,
        rejectShare: 1,
      });
      const rejects = await listRejects(database.pools.pipeline, { fileId: received.fileId });
      const rows = await rowsOf(database.pools.pipeline, received.fileId);
      expect(
        // parts are loaded side by side, so rejects of several come in any order
        rejects.map((reject) => [reject.record_number, reject.line_number, reject.reason]).sort(byRecord),
        `parts of ${partBytes}`,
      ).toEqual(expected.map(([record, line, reason]) => [record + before, line + before, reason]));
      expect(result).toMatchObject({
        read: rows.length + rejects.length,
        loaded: rows.length,
        rejected: rejects.length,
      });
      const numbers = [...rows, ...rejects].map((record) => record.record_number);
      expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
    }
  });

  it.each(Object.entries(refusals))(
    '%s is refused, and nothing of it is kept',
    async (name, [code, message]) => {
      const load = loadBytes(database.pools.pipeline, folder, bytesOf(name));
      await expect(load).rejects.toMatchObject({
        name: 'Fault',
        code,
        message: expect.stringMatching(message),
      });
      const { rows } = await database.pools.pipeline.query(
        `select from pg_catalog.pg_class where relname like 'src_things_f%'
       and substring(relname from '_f(\\d+)')::int not in (select id from source.file)`,
      );
      expect(rows).toEqual([]);
    },
  );
});

describe('what is kept of a file with a fault', () => {
  const load = async (name: string) => {
    const bytes = marked(name, 'z');
    const { received } = await loadBytes(database.pools.pipeline, folder, bytes, { rejectShare: 1 });
    return {
      rows: await rowsOf(database.pools.pipeline, received.fileId),
      rejects: await listRejects(database.pools.pipeline, { fileId: received.fileId }),
      warnings: received.warnings,
    };
  };

  it('is the text of a reject, in base64 where it is not text', async () => {
    expect((await load('record-broken-by-newline.csv')).rejects.map((reject) => reject.raw)).toEqual([
      '2,two is cut',
      'here,b',
    ]);
    const [nul] = (await load('nul-byte.csv')).rejects;
    expect(nul).toMatchObject({ raw_encoding: 'base64' });
    expect(Buffer.from(nul!.raw, 'base64').toString('latin1')).toBe('2,t\0wo,b');
    const [surrogate] = (await load('utf8-surrogate.csv')).rejects;
    expect(surrogate).toMatchObject({ raw_encoding: 'base64' });
  });

  it('is readable where it is likely Windows-1252, which the reason names', async () => {
    const [reject] = (await load('latin1-text.csv')).rejects;
    expect(reject).toMatchObject({
      raw_encoding: 'windows-1252',
      raw: '2,Amélie,b',
      detail: 'Byte 6 of the record is not valid UTF-8; the file is likely Windows-1252 or Latin-1.',
    });
  });

  it('is no line that contains only separators and spaces', async () => {
    const { rows } = await load('lines-of-separators.csv');
    expect(rows.map((row) => row.values)).toEqual([
      ['1', 'zne', 'a'],
      ['', null, null],
      [null, null, 'c'],
      ['5', 'five', 'e'],
    ]);
  });

  it('is the value of a column without a name, and nothing of an empty one', async () => {
    const trailing = await load('trailing-commas.csv');
    expect(trailing.rows.map((row) => row.extra)).toEqual([null, null]);
    expect(trailing.warnings).toEqual([
      'Column 4 of things.csv has no name; its values, if it has any, are kept under extra as “column 4”.',
      'Column 5 of things.csv has no name; its values, if it has any, are kept under extra as “column 5”.',
    ]);
    const index = await load('index-column.csv');
    expect(index.rows.map((row) => row.extra)).toEqual([{ 'column 1': '0' }, { 'column 1': '1' }]);
    expect(index.rows.map((row) => row.values)).toEqual([
      ['1', 'zne', 'a'],
      ['2', 'two', 'b'],
    ]);
  });

  it('is the whole region a quote has damaged, up to where good records begin', async () => {
    const { rows, rejects } = await load('quote-closed-by-a-later-one.csv');
    expect(rejects.map((reject) => reject.raw)).toEqual(['2,"two,b']);
    expect(rows.map((row) => row.values[0])).toEqual(['1', '3', '4', '5']);
  });

  it('is a null for an empty field and an empty text for a quoted one', async () => {
    const { received } = await loadBytes(
      database.pools.pipeline,
      folder,
      bytesOf('empty-and-quoted-empty.csv'),
    );
    const rows = await rowsOf(database.pools.pipeline, received.fileId);
    expect(rows.map((row) => row.values)).toEqual([
      ['one', null, 'a'],
      ['2', '', 'b'],
      ['3', 'three', null],
    ]);
  });

  it('is every line inside quotes, however it ends and whatever it holds', async () => {
    const { rows } = await load('quoted-newlines.csv');
    expect(rows.map((row) => row.values)).toEqual(
      readAsPython(bytesOf('quoted-newlines.csv').toString().replace('one', 'zne')).slice(1),
    );
    expect((await load('end-of-data-line-inside-quotes.csv')).rows[1]!.values[1]).toBe('two\n\\.\nlines');
  });

  it('is the value of an extra column, and a warning that names it', async () => {
    const { rows, warnings } = await load('extra-column.csv');
    expect(rows.map((row) => row.extra)).toEqual([{ bonus: 'x' }, { bonus: null }, { bonus: 'z' }]);
    expect(warnings).toEqual([expect.stringContaining('“bonus”')]);
  });
});
