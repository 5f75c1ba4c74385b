import pg from 'pg';

/** A name quoted for SQL, dots between the parts of a qualified one. */
export function identifier(...parts: string[]): string {
  return parts.map((part) => pg.escapeIdentifier(part)).join('.');
}

/** A text quoted as an SQL literal, for the few statements that take no parameters. */
export function literal(text: string): string {
  return pg.escapeLiteral(text);
}
