/** A record of a vendor file: its number, from 1 behind the header, and its fields. */
export interface VendorRecord {
  readonly number: number;
  readonly fields: string[];
}

/** The records of a CSV text, header first as number 0. Quotes double inside quotes, where line ends are text. */
export function readCsv(text: string): VendorRecord[] {
  const records: VendorRecord[] = [];
  let fields: string[] = [];
  let field = '';
  let inQuotes = false;
  let started = false;
  const endRecord = () => {
    if (started) records.push({ number: records.length, fields: [...fields, field] });
    fields = [];
    field = '';
    started = false;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (inQuotes) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else inQuotes = false;
    } else if (character === '\n') endRecord();
    else if (character === '\r' && text[at + 1] === '\n') continue;
    else {
      started = true;
      if (character === '"') inQuotes = true;
      else if (character === ',') {
        fields.push(field);
        field = '';
      } else field += character;
    }
  }
  endRecord();
  return records;
}
