import pg from 'pg';

const { DATE, INT8, NUMERIC } = pg.types.builtins;

/**
 * How values arrive from Postgres: dates, big integers and decimals as text, as Postgres prints them. A `Date` would
 * shift days between time zones, and a `number` would lose digits.
 * @param alsoAsText further types, by their oid, that arrive as text
 */
export function exactTypes(...alsoAsText: readonly number[]): pg.CustomTypesConfig {
  const asText = new Set<number>([DATE, NUMERIC, INT8, ...alsoAsText]);
  const parserOf = (oid: number, format?: 'text' | 'binary') =>
    format !== 'binary' && asText.has(oid)
      ? (text: string) => text
      : pg.types.getTypeParser(oid, format as 'text');
  return { getTypeParser: parserOf as typeof pg.types.getTypeParser };
}
