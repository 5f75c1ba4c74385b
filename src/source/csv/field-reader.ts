import { parse } from 'fast-csv';
import { Failure } from '../../fault.js';

/**
 * Reads the fields of strictly quoted records with fast-csv.
 *
 * fast-csv keeps neither the raw text nor the line of a record and stops at the first irregular quote. Therefore it receives
 * records that are already separated and strictly quoted (see `record-scanner.ts`, `strict-record.ts`).
 *
 * @param records texts without line end, none empty
 * @returns the fields of each record, in the same order
 * @throws Failure field_reader_lost_records when fast-csv returns another number of rows
 */
export function readFields(records: readonly string[]): Promise<string[][]> {
  if (records.length === 0) {
    return Promise.resolve([]);
  }
  return new Promise((resolve, reject) => {
    const rows: string[][] = [];
    const parser = parse<string[], string[]>({ headers: false, ignoreEmpty: false });
    parser.on('error', reject);
    parser.on('data', (row: string[]) => {
      // fast-csv returns a record that contains only blanks as a row without fields.
      rows.push(row.length === 0 ? [records[rows.length] ?? ''] : row);
    });
    parser.on('end', () => {
      if (rows.length === records.length) {
        resolve(rows);
      } else {
        reject(new Failure('field_reader_lost_records', lostRecords(records.length, rows.length)));
      }
    });
    parser.write(records.join('\n'));
    parser.end('\n');
  });
}

function lostRecords(expected: number, found: number): string {
  return `The field reader returned ${found} rows for ${expected} records. This is a defect: please report it with the file.`;
}
