import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAsPython } from './python-csv.js';

const python = spawnSync('python3', ['--version']).status === 0;
if (!python) {
  process.stderr.write(
    'Skipped: the transcription of Python’s csv module is not held against it, for want of python3.\n',
  );
}

const program = `
import csv, io, json, sys
csv.field_size_limit(10 ** 9)
print(json.dumps([[row for row in csv.reader(io.StringIO(text, newline='')) if row] for text in json.load(sys.stdin)]))
`;

describe.skipIf(!python)('the transcription of Python’s csv module', () => {
  it('reads hostile texts as the module itself does', () => {
    const piece = fc.constantFrom(
      'a',
      'é',
      ' ',
      ',',
      ',',
      '"',
      '"',
      '\n',
      '\r\n',
      '\r',
      '\\.',
      '\u2028',
      '\u0085',
      '\f',
    );
    const texts = fc.sample(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      5000,
    );
    const output = execFileSync('python3', ['-c', program], { input: JSON.stringify(texts), maxBuffer: 1e9 });
    const expected: string[][][] = JSON.parse(output.toString());
    texts.forEach((text, index) => {
      expect(readAsPython(text), JSON.stringify(text)).toEqual(expected[index]);
    });
  });
});
