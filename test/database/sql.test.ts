import { describe, expect, it } from 'vitest';
import { allOf, anyOf, ident, joined, render, sql } from '../../src/database/sql.js';

describe('a piece of SQL', () => {
  it('keeps values out of its text, also when pieces nest', () => {
    const inner = sql`a = ${1} and b = ${"x'; drop table y"}`;
    expect(render(sql`select ${ident('c')} where ${inner} and d = ${null}`)).toEqual({
      text: `select "c" where a = $1 and b = $2 and d = $3`,
      values: [1, "x'; drop table y", null],
    });
  });

  it('quotes names', () => {
    expect(render(ident('reporting', 'odd"name')).text).toBe('"reporting"."odd""name"');
  });

  it('joins none, one and many', () => {
    expect(render(joined([], ', ')).text).toBe('');
    expect(render(joined([sql`${1}`], ', '))).toEqual({ text: '$1', values: [1] });
    expect(render(joined([sql`${1}`, sql`${2}`, sql`${3}`], ', '))).toEqual({
      text: '$1, $2, $3',
      values: [1, 2, 3],
    });
  });

  it('holds for all of no conditions and for none of no conditions', () => {
    expect([render(allOf([])).text, render(anyOf([])).text]).toEqual(['true', 'false']);
    expect(render(sql`not ${anyOf([sql`a`, sql`b`])}`).text).toBe('not (a or b)');
  });
});
