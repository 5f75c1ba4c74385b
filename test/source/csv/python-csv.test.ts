import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askPython, pythonIsThere, readAsPython } from './python-csv.js';

if (!pythonIsThere) {
  process.stderr.write(
    'Skipped: the transcription of Python’s csv module is not held against it, for want of python3.\n',
  );
}

describe.skipIf(!pythonIsThere)('the transcription of Python’s csv module', () => {
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
    const expected = askPython(texts);
    texts.forEach((text, index) => {
      expect(readAsPython(text), JSON.stringify(text)).toEqual(expected[index]);
    });
  });
});
