import { stderr, stdout } from 'node:process';

/** Writes a line of the command's answer. */
export function print(line = ''): void {
  stdout.write(`${line}\n`);
}

/** Writes a line of progress: on a terminal, and nowhere else. */
export function progress(line: string): void {
  if (stderr.isTTY) {
    stderr.write(`${line}\n`);
  }
}

/** Writes one sentence about something that went wrong or looks odd. */
export function warn(line: string): void {
  stderr.write(`${line}\n`);
}

/** A whole number with thin separators, for people. */
export function count(value: number | bigint | string): string {
  return BigInt(value).toLocaleString('en-US');
}

/** A text on one line, cut where it is longer. */
export function excerpt(text: string, longest = 60): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > longest ? `${line.slice(0, longest - 3)}...` : line;
}

/** Rows as aligned columns; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
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
