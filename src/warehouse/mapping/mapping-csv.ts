import { parseString, writeToString } from 'fast-csv';
import { Fault } from '../../fault.js';
import { type MappingRow, mappingColumns } from './mapping-row.js';

/** A mapping as CSV: a line per row, in order, under the names of the columns. */
export async function mappingToCsv(rows: readonly MappingRow[]): Promise<string> {
  return writeToString(
    rows.map((row) => mappingColumns.map((column) => String(row[column] ?? ''))),
    { headers: [...mappingColumns], includeEndRowDelimiter: true, alwaysWriteHeaders: true },
  );
}

/**
 * Reads a mapping as `mappingToCsv` writes it; columns may come in any order, and the description may be left out.
 * What the cells say is judged by `installMapping`.
 * @throws Fault `mapping_csv` when a column is missing, unknown or repeated, or a row cannot be read
 */
export async function mappingFromCsv(text: string): Promise<MappingRow[]> {
  const lines: string[][] = [];
  await new Promise<void>((done, failed) => {
    parseString(text.replace(/^\uFEFF/, ''), { ignoreEmpty: true })
      .on('data', (line: string[]) => lines.push(line))
      .on('error', (error) =>
        failed(
          new Fault('mapping_csv', `The mapping is no CSV: ${error.message}. Export it anew and edit that.`),
        ),
      )
      .on('end', () => done());
  });
  const [header, ...rows] = lines;
  const names = (header ?? []).map((name) => name.trim());
  const missing = mappingColumns.filter((column) => column !== 'description' && !names.includes(column));
  const unknown = names.filter((name) => !(mappingColumns as readonly string[]).includes(name));
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (missing.length > 0 || unknown.length > 0 || repeated.length > 0) {
    const found = [
      ...(repeated.length > 0 ? [`names ${[...new Set(repeated)].join(', ')} more than once`] : []),
      ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
      ...(unknown.length > 0
        ? [`has the unknown ${unknown.map((name) => JSON.stringify(name)).join(', ')}`]
        : []),
    ];
    throw new Fault(
      'mapping_csv',
      `The header of the mapping ${found.join(' and ')}, expected ${mappingColumns.join(', ')}.`,
    );
  }
  return rows.map((line, index) => readRow(names, line, index + 1));
}

function readRow(names: readonly string[], line: readonly string[], position: number): MappingRow {
  if (line.length !== names.length) {
    throw new Fault(
      'mapping_csv',
      `Row ${position} of the mapping has ${line.length} cells, expected ${names.length}; quote cells that hold commas.`,
    );
  }
  const cells = Object.fromEntries(names.map((name, index) => [name, line[index]!]));
  return {
    ...(cells as unknown as MappingRow),
    description: cells.description ?? '',
    transform: cells.transform === '' ? null : cells.transform!,
    is_key: truth(cells.is_key!, 'is_key', position),
    retire_missing: truth(cells.retire_missing!, 'retire_missing', position),
  };
}

function truth(text: string, column: string, position: number): boolean {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  throw new Fault(
    'mapping_csv',
    `Row ${position} of the mapping: ${column} is ${JSON.stringify(text)}, expected true or false.`,
  );
}
