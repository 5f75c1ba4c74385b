import { readFileSync } from 'node:fs';
import { SqlText } from './sql.js';

/**
 * SQL with placeholders such as `{{ as_of_day }}`, ready to be filled. A piece of SQL given for a placeholder becomes text, for
 * example the name of a table or a condition; any other value becomes a parameter. Values that the SQL does not use are ignored.
 * @throws Error when no value is given for a placeholder
 */
export type SqlTemplate = (values?: Readonly<Record<string, unknown>>) => SqlText;

/**
 * Reads placeholders from SQL.
 * @param source what to call the SQL in an error
 */
export function sqlTemplate(text: string, source: string): SqlTemplate {
  const parts = partsOf(text);
  const strings = parts.filter((_, index) => index % 2 === 0);
  const names = parts.filter((_, index) => index % 2 === 1);
  return (values = {}) => {
    const missing = names.find((name) => values[name] === undefined);
    if (missing !== undefined) {
      const known = Object.keys(values).join(', ') || 'none';
      throw new Error(`${source} has an unknown placeholder {{ ${missing} }}. Available: ${known}.`);
    }
    return new SqlText(
      strings,
      names.map((name) => values[name]),
    );
  };
}

/** The names of the placeholders in SQL, each once, in the order of their first use. */
export function placeholdersOf(text: string): string[] {
  return [...new Set(partsOf(text).filter((_, index) => index % 2 === 1))];
}

/** The text between placeholders and the names of the placeholders, in turn. */
function partsOf(text: string): string[] {
  // The comment at the head is for readers of the file; Postgres need not receive it.
  return text.replace(/^(\s*--.*\n)+/, '').split(/\{\{ *(\w+) *\}\}/);
}

/** A .sql file next to the code that runs it. It is read at once, so that a missing file is found at start-up. */
export function sqlFile(url: URL): SqlTemplate {
  return sqlTemplate(readFileSync(url, 'utf8').trimEnd(), url.pathname.split('/').slice(-3).join('/'));
}
