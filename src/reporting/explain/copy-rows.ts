import { Transform } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { csvRecord } from '../../csv-writer.js';

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The values of one line of COPY's text format, as Postgres writes them; null for an unknown value. */
export function copyValues(line: string): (string | null)[] {
  return line.split('\t').map((field) => {
    if (field === '\\N') return null;
    return field.includes('\\') ? field.replace(/\\(.)/g, (_, sign: string) => escapes[sign] ?? sign) : field;
  });
}

/** Turns rows in COPY's text format into CSV with a header. */
export function copyToCsv(names: readonly string[]): Transform {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let text = csvRecord(names, '\n');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop()!;
      for (const line of lines) text += csvRecord(copyValues(line), '\n');
      const ready = text;
      text = '';
      done(null, ready);
    },
    flush(done) {
      done(null, text);
    },
  });
}
