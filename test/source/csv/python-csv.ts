import { execFileSync, spawnSync } from 'node:child_process';

/**
 * Python's `csv.reader` with its defaults, transcribed state by state from CPython's `_csv.c`, over a file opened with
 * `newline=''`: the reference for what a CSV file says. Rows without a field (blank lines) are left out, as `DictReader`
 * does. `python-csv.test.ts` compares it with a real Python if one is installed.
 *
 * @param blank whether records of only unquoted commas, spaces and tabs are kept, as Python does, or left out, as we do
 */
export function readAsPython(text: string, blank: 'kept' | 'left out' = 'kept'): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let state: 'startRecord' | 'startField' | 'inField' | 'inQuoted' | 'quoteInQuoted' | 'eatNewline' =
    'startRecord';
  const saveField = () => {
    row.push(field);
    field = '';
  };
  const saveRow = () => {
    const isBlank = !quoted && row.every((value) => /^[ \t]*$/.test(value));
    if (row.length > 0 && !(isBlank && blank === 'left out')) {
      rows.push(row);
    }
    row = [];
    quoted = false;
    state = 'startRecord';
  };
  const process = (c: string | undefined) => {
    const newline = c === '\n' || c === '\r';
    switch (state) {
      case 'eatNewline':
        if (c === undefined) {
          state = 'startRecord';
        }
        return;
      case 'quoteInQuoted':
        if (c === '"') {
          field += c;
          state = 'inQuoted';
        } else if (c === ',') {
          saveField();
          state = 'startField';
        } else if (c === undefined || newline) {
          saveField();
          state = c === undefined ? 'startRecord' : 'eatNewline';
        } else {
          field += c;
          state = 'inField';
        }
        return;
      case 'inQuoted':
        if (c === '"') {
          state = 'quoteInQuoted';
        } else if (c !== undefined) {
          field += c;
        }
        return;
      case 'inField':
        if (c === undefined || newline) {
          saveField();
          state = c === undefined ? 'startRecord' : 'eatNewline';
        } else if (c === ',') {
          saveField();
          state = 'startField';
        } else {
          field += c;
        }
        return;
      default:
        if (state === 'startRecord' && (c === undefined || newline)) {
          state = c === undefined ? 'startRecord' : 'eatNewline';
        } else if (c === undefined || newline) {
          saveField();
          state = c === undefined ? 'startRecord' : 'eatNewline';
        } else if (c === '"') {
          quoted = true;
          state = 'inQuoted';
        } else if (c === ',') {
          saveField();
          state = 'startField';
        } else {
          field += c;
          state = 'inField';
        }
    }
  };
  for (const line of text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []) {
    for (const c of line) {
      process(c);
    }
    process(undefined);
    if (state === 'startRecord') {
      saveRow();
    }
  }
  if (state !== 'startRecord') {
    saveField();
    saveRow();
  }
  return rows;
}

/** Whether a real Python is there to be asked. */
export const pythonIsThere = spawnSync('python3', ['--version']).status === 0;

const program = `
import csv, io, json, sys
csv.field_size_limit(10 ** 9)
print(json.dumps([[row for row in csv.reader(io.StringIO(text, newline='')) if row] for text in json.load(sys.stdin)]))
`;

/** What Python's module itself reads in each of the texts. */
export function askPython(texts: readonly string[]): string[][][] {
  return JSON.parse(
    execFileSync('python3', ['-c', program], { input: JSON.stringify(texts), maxBuffer: 1e9 }).toString(),
  );
}
