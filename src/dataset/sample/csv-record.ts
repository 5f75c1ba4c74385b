const NEEDS_QUOTES = /[",\r\n]/;

/** A field as Python's `csv.writer` (QUOTE_MINIMAL) writes it. */
function csvField(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A record with its line end, which is LF in the vendor's files. */
export function csvRecord(fields: readonly string[]): string {
  if (fields.length === 1 && fields[0] === '') return '""\n';
  return `${fields.map(csvField).join(',')}\n`;
}
