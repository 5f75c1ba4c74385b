import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../src/source/header/file-kind.js';
import { visible } from '../../../src/source/header/visible-text.js';
import { zipOf } from '../drop/zip-archive.js';

const workbook = { unreadable: 'an Excel workbook (.xlsx)' };
const utf16 = { unreadable: 'written in UTF-16' };

describe('a file', () => {
  it.each<[string, Buffer, unknown]>([
    ['gzip', gzipSync('a'), 'gzip'],
    ['zip', zipOf({ 'a.csv': 'a' }), 'zip'],
    ['xlsx', zipOf({ '[Content_Types].xml': '' }), workbook],
    ['xlsx that begins with its content', zipOf({ 'xl/workbook.xml': '' }), workbook],
    ['HTML after a byte order mark', Buffer.from('\ufeff\n<HTML lang="en">'), { unreadable: 'an HTML page' }],
    ['UTF-16 LE without mark', Buffer.from('id,Name,note\n1,é,a', 'utf16le'), utf16],
    ['UTF-16 BE without mark', Buffer.from('id,Name,note\n1,é,a', 'utf16le').swap16(), utf16],
    ['UTF-16 LE with mark', Buffer.from('\ufeffid', 'utf16le'), utf16],
    ['CSV', Buffer.from('id,Name\n1,<html>\n'), undefined],
    ['CSV with NUL bytes', Buffer.from('id,Name,note\n1,\0\0\0,b\n2,\0,c\n'), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('is recognized by its first bytes: %s', (_what, bytes, kind) => expect(kindOf(bytes)).toEqual(kind));
});

it('invisible characters are shown in messages, spaces and letters stay', () => {
  expect(visible('user Id é 漢')).toBe('user Id é 漢');
  expect(visible('\ufeffid\u200b\u00a0\u001b[2J\u2028')).toBe(
    '\\u{FEFF}id\\u{200B}\\u{00A0}\\u{001B}[2J\\u{2028}',
  );
});
