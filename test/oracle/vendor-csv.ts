/** A record of a vendor file: its number, starting at 1 after the header, and its fields. */
export interface VendorRecord {
  readonly number: number;
  readonly fields: string[];
}

/**
 * The records of a CSV text, with the header as number 0. A quote opens a field only at its start; within quotes, quotes are
 * doubled and line ends are text. Blank lines are not records.
 */
export function readCsv(text: string): VendorRecord[] {
  const records: VendorRecord[] = [];
  let fields: string[] = [];
  let field = '';
  let inQuotes = false;
  let fieldBegun = false;
  let recordBegun = false;
  const endField = () => {
    fields.push(field);
    field = '';
    fieldBegun = false;
  };
  const endRecord = () => {
    if (recordBegun) {
      endField();
      records.push({ number: records.length, fields });
    }
    fields = [];
    recordBegun = false;
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
      recordBegun = true;
      if (character === ',') endField();
      else if (character === '"' && !fieldBegun) {
        inQuotes = true;
        fieldBegun = true;
      } else {
        field += character;
        fieldBegun = true;
      }
    }
  }
  endRecord();
  return records;
}
