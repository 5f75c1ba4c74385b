import { parse } from 'fast-csv';
import { Failure } from '../../fault.js';

/**
 * Reads the fields of strictly quoted records with fast-csv.
 *
 * fast-csv keeps neither the raw text nor the line of a record and gives up at the first odd quote, so records
 * reach it already cut and strictly quoted (see `record-scanner.ts`, `strict-record.ts`); one row comes back for each.
 *
 * @param records texts without line end, none empty
 * @returns the fields of each, in the same order
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
      // fast-csv takes a record of nothing but blanks for one without fields
      rows.push(row.length === 0 ? [records[rows.length] ?? ''] : row);
    });
    parser.on('end', () => {
      if (rows.length === records.length) {
        resolve(rows);
      } else {
        reject(new Failure('field_reader_lost_records', outOfStep(records.length, rows.length)));
      }
    });
    parser.write(records.join('\n'));
    parser.end('\n');
  });
}

function outOfStep(expected: number, found: number): string {
  return `Reading ${expected} records gave ${found} rows; this is a defect, please report it with the file.`;
}
