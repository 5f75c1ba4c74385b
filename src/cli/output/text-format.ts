import { visible } from './terminal.js';

/** A number with thousands separators; digits behind the decimal point stay as they are. */
export function count(value: number | bigint | string): string {
  const [, sign, whole, fraction] = /^(-?)(\d+)(\.\d+)?$/.exec(String(value)) ?? [];
  if (whole === undefined) return String(value);
  return `${sign}${BigInt(whole).toLocaleString('en-US')}${fraction ?? ''}`;
}

/** A time in ISO format with its zone, to the second. */
export function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The first characters of a run's id, which commands accept in its place. */
export function shortId(runId: string): string {
  return runId.slice(0, 8);
}

/** A text on one line, shortened where it is too long. */
export function excerpt(text: string, longest = 60): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > longest ? `${line.slice(0, longest - 3)}...` : line;
}

/** Rows as aligned columns, numbers to the right. */
export function table(header: readonly string[], given: readonly (readonly string[])[]): string {
  // Before the widths are computed. A line break in a cell would look like another row.
  const rows = given.map((cells) => cells.map((cell) => visible(cell).replaceAll('\n', '\\u000a')));
  const widths = header.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const isNumber = header.map(
    (_title, index) => rows.length > 0 && rows.every((row) => /^-?[\d,.]*$/.test(row[index] ?? '')),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (isNumber[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
