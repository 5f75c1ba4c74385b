/** What the values of a column look like in a file. Columns without a kind contain any text. */
export type ColumnKind = 'number' | 'date' | 'boolean' | 'literal';

/** The kinds of a feed's columns, by the names of the columns. */
export type ColumnKinds = Readonly<Record<string, ColumnKind>>;

/** Generous, since cleaning judges the values: these only show that a value belongs to another column. */
const forms: Readonly<Record<ColumnKind, RegExp>> = {
  number: /^\s*(?:[^"a-z[\]{}]*|[^"a-z[\]{}]+e[-+]?\d+|nan|none|null|n\/a|[-+]?inf(?:inity)?)\s*$/i,
  date: /^(?=\D*\d)[^"[\]{}]{4,40}$|^\s*(?:nat|none|null|n\/a)?\s*$/i,
  boolean: /^\s*(?:\w+|n\/a)?\s*$/,
  literal: /^\s*(?:[[{][\s\S]*[\]}]|nan|none|null)?\s*$/i,
};

/** The first column whose value does not look like its kind; undefined when all do. */
export function misfit(
  fields: readonly string[],
  columns: readonly string[],
  kinds: ColumnKinds,
): { readonly column: string; readonly kind: ColumnKind } | undefined {
  const kindOf = new Map(Object.entries(kinds).map(([name, kind]) => [name.toLowerCase(), kind]));
  for (const [index, column] of columns.entries()) {
    const kind = kindOf.get(column.toLowerCase());
    if (kind !== undefined && !forms[kind].test(fields[index] ?? '')) return { column, kind };
  }
  return undefined;
}
