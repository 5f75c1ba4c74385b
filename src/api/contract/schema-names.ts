/** `release_count` -> `releaseCount`: the contract's name of a column or report. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `genre_report` -> `GenreReport`: the prefix of the contract's types of a report. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** `release_count` -> `RELEASE_COUNT`: a column's value in the enums for ordering. */
export function upperCase(name: string): string {
  return name.toUpperCase();
}

/** `releaseCount` -> `release_count`: the column of one of the contract's names. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
