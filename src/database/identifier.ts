import pg from 'pg';

/** A quoted name for SQL; several parts make a qualified name. */
export function identifier(...parts: string[]): string {
  return parts.map((part) => pg.escapeIdentifier(part)).join('.');
}

/** A text as an SQL literal, for the few statements that take no parameters. */
export function literal(text: string): string {
  return pg.escapeLiteral(text);
}
