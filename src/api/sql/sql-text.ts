/**
 * A piece of SQL whose values stay apart from its text until it is sent: what a caller gave can never become part of
 * the text. Pieces nest.
 */
export class SqlText {
  constructor(
    readonly strings: readonly string[],
    readonly values: readonly unknown[],
  ) {}
}

/** A piece from a template; an embedded piece becomes text, anything else a parameter. */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): SqlText {
  return new SqlText(strings, values);
}

/** A name, quoted. */
export function ident(...path: readonly string[]): SqlText {
  return new SqlText([path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')], []);
}

/** Text that no caller had a hand in. */
export function raw(text: string): SqlText {
  return new SqlText([text], []);
}

/** Pieces one after another with a separator between. */
export function joined(pieces: readonly SqlText[], separator: string): SqlText {
  if (pieces.length === 0) return raw('');
  return new SqlText(['', ...pieces.slice(1).map(() => separator), ''], pieces);
}

/** All of the conditions; true when there is none. */
export function allOf(conditions: readonly SqlText[]): SqlText {
  return conditions.length === 0 ? raw('true') : sql`(${joined(conditions, ' and ')})`;
}

/** At least one of the conditions; false when there is none. */
export function anyOf(conditions: readonly SqlText[]): SqlText {
  return conditions.length === 0 ? raw('false') : sql`(${joined(conditions, ' or ')})`;
}

/** Text with `$1`-style places, and the values for them. */
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
