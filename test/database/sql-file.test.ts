import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident, render, renderLiterals, sql } from '../../src/database/sql.js';
import { placeholdersOf, sqlFile, sqlTemplate } from '../../src/database/sql-file.js';

const text =
  '-- what it reads\n-- grain: one row\n\nselect * from {{ table }}\nwhere a > {{low}} or b > {{ low }}';

describe('a template of SQL', () => {
  const template = sqlTemplate(text, 'rows.sql');

  it('takes pieces as text and values as parameters, one for each use', () => {
    expect(render(template({ table: ident('a', 'b"c'), low: '1; drop table x' }))).toEqual({
      text: '\nselect * from "a"."b""c"\nwhere a > $1 or b > $2',
      values: ['1; drop table x', '1; drop table x'],
    });
  });

  it('takes null for a value and ignores values it does not use', () => {
    expect(render(template({ table: ident('a'), low: null, high: 2 })).values).toEqual([null, null]);
  });

  it('refuses a placeholder without a value', () => {
    expect(() => template({ table: ident('a') })).toThrow(
      'rows.sql has an unknown placeholder {{ low }}. Available: table.',
    );
  });

  it('names its placeholders, without those of the comment at its head', () => {
    expect(placeholdersOf(`-- {{ a }}\n${text}`)).toEqual(['table', 'low']);
  });

  it('does not look for placeholders in values', () => {
    expect(render(sql`${template({ table: ident('{{ low }}'), low: '{{ low }}' })}`).text).toContain(
      'from "{{ low }}"',
    );
  });
});

describe('a .sql file', () => {
  const path = join(tmpdir(), `marquee-${process.pid}-rows.sql`);
  beforeAll(() => writeFile(path, `${text}\n`));
  afterAll(() => rm(path));

  it('is read at once', () => {
    const values = { table: ident('a'), low: 1 };
    expect(render(sqlFile(pathToFileURL(path))(values)).text).toBe(
      '\nselect * from "a"\nwhere a > $1 or b > $2',
    );
  });
});

describe('a piece written with literals', () => {
  it('escapes texts and writes numbers, booleans and null as they are', () => {
    const piece = sql`a = ${"o'b\\"} and ${sql`b = ${2} and c = ${true}`} and d is ${null}`;
    expect(renderLiterals(piece)).toBe(`a =  E'o''b\\\\' and b = 2 and c = true and d is null`);
  });

  it('refuses values it cannot write exactly', () => {
    expect(() => renderLiterals(sql`a = ${new Date()}`)).toThrow('object');
  });
});
