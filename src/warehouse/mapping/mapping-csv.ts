import { parseString, writeToString } from 'fast-csv';
import { Fault } from '../../fault.js';
import { type MappingRow, mappingColumns, rangeColumns, targetFieldOf } from './mapping-row.js';

/** A mapping as CSV: a header with the names of the columns, then one line per row, in order. */
export async function mappingToCsv(rows: readonly MappingRow[]): Promise<string> {
  return writeToString(
    rows.map((row) => mappingColumns.map((column) => String(row[column] ?? ''))),
    { headers: [...mappingColumns], includeEndRowDelimiter: true, alwaysWriteHeaders: true },
  );
}

/**
 * Reads a mapping as `mappingToCsv` writes it. The columns may be in any order. The description and the columns of the range may be
 * missing. `installMapping` checks the content of the cells.
 * @param current the rows that the file will replace: a file without the columns of the range, which an earlier version exported, keeps
 *   their ranges
 * @throws Fault `mapping_csv` when a column is missing, unknown or repeated, or a row cannot be read
 */
export async function mappingFromCsv(
  text: string,
  current: readonly MappingRow[] = [],
): Promise<MappingRow[]> {
  const [header, ...rows] = await parseLines(text);
  const names = (header ?? []).map((name) => name.trim());
  requireColumns(names);
  const missing = rangeColumns.filter((column) => !names.includes(column));
  const known = new Map(current.map((row) => [targetFieldOf(row), row]));
  return rows.map((line, index) => {
    const row = readRow(names, line, index + 1);
    const before = known.get(targetFieldOf(row));
    return { ...row, ...Object.fromEntries(missing.map((column) => [column, before?.[column] ?? null])) };
  });
}

async function parseLines(text: string): Promise<string[][]> {
  const lines: string[][] = [];
  await new Promise<void>((done, failed) => {
    parseString(text.replace(/^\uFEFF/, ''), { ignoreEmpty: true })
      .on('data', (line: string[]) => lines.push(line))
      .on('error', (error) =>
        failed(
          new Fault(
            'mapping_csv',
            `The mapping is not valid CSV: ${error.message}. Export it again and edit the exported file.`,
          ),
        ),
      )
      .on('end', () => done());
  });
  return lines;
}

function requireColumns(names: readonly string[]): void {
  const optional: readonly string[] = ['description', ...rangeColumns];
  const missing = mappingColumns.filter((column) => !optional.includes(column) && !names.includes(column));
  const unknown = names.filter((name) => !(mappingColumns as readonly string[]).includes(name));
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  const found = [
    ...(repeated.length > 0 ? [`names ${[...new Set(repeated)].join(', ')} more than once`] : []),
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...(unknown.length > 0
      ? [`has the unknown ${unknown.map((name) => JSON.stringify(name)).join(', ')}`]
      : []),
  ];
  if (found.length === 0) return;
  throw new Fault(
    'mapping_csv',
    `The header of the mapping ${found.join(' and ')}, expected ${mappingColumns.join(', ')}.`,
  );
}

function readRow(names: readonly string[], line: readonly string[], position: number): MappingRow {
  if (line.length !== names.length) {
    throw new Fault(
      'mapping_csv',
      `Row ${position} of the mapping has ${line.length} cells, expected ${names.length}; quote cells that contain commas.`,
    );
  }
  const cells = Object.fromEntries(names.map((name, index) => [name, line[index]!]));
  return {
    ...(cells as unknown as MappingRow),
    description: cells.description ?? '',
    transform: cells.transform === '' ? null : cells.transform!,
    min: cellOf(cells.min),
    max: cellOf(cells.max),
    allowed: cellOf(cells.allowed),
    is_key: truth(cells.is_key!, 'is_key', position),
    retire_missing: truth(cells.retire_missing!, 'retire_missing', position),
  };
}

/** The text of a cell of the range, without the spaces around it; null when it is empty or its column is missing. */
function cellOf(cell: string | undefined): string | null {
  return cell?.trim() ? cell.trim() : null;
}

function truth(text: string, column: string, position: number): boolean {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  throw new Fault(
    'mapping_csv',
    `Row ${position} of the mapping: ${column} is ${JSON.stringify(text)}, expected true or false.`,
  );
}
