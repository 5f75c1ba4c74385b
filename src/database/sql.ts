import pg, { type QueryResult, type QueryResultRow } from 'pg';
import type { Queryable } from './queryable.js';

/**
 * A piece of SQL that keeps its values apart from its text until it is sent, so that a value can never become part of the
 * text. Pieces can contain other pieces.
 */
export class SqlText {
  constructor(
    readonly strings: readonly string[],
    readonly values: readonly unknown[],
  ) {}
}

/** A piece from a template literal: an embedded piece becomes text, any other value becomes a parameter. */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): SqlText {
  return new SqlText(strings, values);
}

/** A quoted name, for example `ident('reporting', 'publication')`. */
export function ident(...path: readonly string[]): SqlText {
  return new SqlText([path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')], []);
}

/** Text taken as it is. Use it only for text that no user, file or client has any influence on. */
export function raw(text: string): SqlText {
  return new SqlText([text], []);
}

/** A quoted text, for where Postgres needs the text when it parses the statement: a parameter has no type there. */
export function literal(text: string): SqlText {
  return raw(pg.escapeLiteral(text));
}

/** The pieces in order, with a separator between them. */
export function joined(pieces: readonly SqlText[], separator: string): SqlText {
  if (pieces.length === 0) return raw('');
  return new SqlText(['', ...pieces.slice(1).map(() => separator), ''], pieces);
}

/** A condition that holds when all conditions hold; true for an empty list. */
export function allOf(conditions: readonly SqlText[]): SqlText {
  return conditions.length === 0 ? raw('true') : sql`(${joined(conditions, ' and ')})`;
}

/** A condition that holds when at least one condition holds; false for an empty list. */
export function anyOf(conditions: readonly SqlText[]): SqlText {
  return conditions.length === 0 ? raw('false') : sql`(${joined(conditions, ' or ')})`;
}

/** The text with `$1`, `$2` and so on, and the values for them, as `pg` takes them. */
export function render(piece: SqlText): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const write = (part: SqlText): string =>
    part.strings.reduce((text, string, index) => {
      if (index === 0) return string;
      const value = part.values[index - 1];
      return text + (value instanceof SqlText ? write(value) : `$${values.push(value)}`) + string;
    }, '');
  return { text: write(piece), values };
}

/** The text with all values written as literals, for statements that take no parameters, such as COPY. */
export function renderLiterals(piece: SqlText): string {
  const write = (value: unknown): string => {
    if (value instanceof SqlText) return renderLiterals(value);
    if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value === 'string') return pg.escapeLiteral(value);
    throw new TypeError(`Cannot write a value of type ${typeof value} as a literal`);
  };
  return piece.strings.reduce((text, string, index) => text + write(piece.values[index - 1]) + string);
}

/** Runs a piece as one statement. */
export function runSql<Row extends QueryResultRow = QueryResultRow>(
  client: Queryable,
  piece: SqlText,
): Promise<QueryResult<Row>> {
  return client.query<Row>(render(piece));
}
