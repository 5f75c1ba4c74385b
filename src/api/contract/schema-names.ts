/** `release_count` -> `releaseCount`: a column or report as the contract names it. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `genre_report` -> `GenreReport`: the stem of a report's type names. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** `release_count` -> `RELEASE_COUNT`: a column among the values of an order's enum. */
export function upperCase(name: string): string {
  return name.toUpperCase();
}

/** `releaseCount` -> `release_count`: a name of the contract as a column. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
