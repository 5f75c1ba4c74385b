import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRaw, encodeRaw } from '../../../src/source/csv/raw-text.js';
import { propertyRuns } from '../../property-runs.js';

describe('the text of a reject', () => {
  it.each([
    ['plain text', Buffer.from('a,é,漢'), 'text', 'a,é,漢'],
    ['Latin-1', Buffer.from('1,Amélie', 'latin1'), 'windows-1252', '1,Amélie'],
    ['Windows-1252', Buffer.from([0x31, 0x2c, 0x93, 0x80, 0x35, 0x94]), 'windows-1252', '1,“€5”'],
    ['damaged UTF-8', Buffer.from([0xc3, 0xa9, 0xff]), 'base64', 'w6n/'],
    ['a byte that Windows-1252 does not define', Buffer.from([0x61, 0x81]), 'base64', 'YYE='],
    ['a NUL byte', Buffer.from('a\0'), 'base64', 'YQA='],
  ])('is readable where possible: %s', (_what, bytes, rawEncoding, raw) => {
    expect(encodeRaw(bytes)).toEqual({ raw, rawEncoding });
  });

  it('gives back the same bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const { raw, rawEncoding } = encodeRaw(Buffer.from(bytes));
        expect([...decodeRaw(raw, rawEncoding)]).toEqual([...bytes]);
      }),
      { numRuns: propertyRuns(5000) },
    );
  });
});
