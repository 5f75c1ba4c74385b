import { Fault } from '../../fault.js';
import type { ReportDefinition } from './definition.js';

/** The key of a row, column by column, in the order of the definition. */
export type ReportKey = Readonly<Record<string, number | string>>;

/**
 * Reads the values of a key in the order of its columns.
 * @throws Fault `key_invalid` when the number of values differs from the number of key columns, or a value is not a number although
 *   its column is
 */
export function parseKey(definition: ReportDefinition, values: readonly string[]): ReportKey {
  const { name, key, columns } = definition;
  if (values.length !== key.length) {
    throw new Fault(
      'key_invalid',
      `A row of ${name} has a key of ${key.length} values (${key.join(', ')}), found ${values.length}.`,
    );
  }
  return Object.fromEntries(
    key.map((column, index) => {
      const value = values[index]!;
      const { type } = columns.find((candidate) => candidate.name === column)!;
      if (type !== 'int' && type !== 'bigint') return [column, value];
      const most = type === 'int' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
      if (!/^-?\d{1,16}$/.test(value) || Math.abs(Number(value)) > most) {
        throw new Fault('key_invalid', `${column} must be a whole number up to ${most}, found ${value}.`);
      }
      return [column, Number(value)];
    }),
  );
}

/** @throws Fault `column_unknown` when the report has no such column outside its key */
export function requireColumn(definition: ReportDefinition, column: string | undefined): void {
  if (column === undefined) return;
  const known = definition.columns.map(({ name }) => name).filter((name) => !definition.key.includes(name));
  if (!known.includes(column)) {
    throw new Fault(
      'column_unknown',
      `${definition.name} has no column ${column} outside its key. Available: ${known.join(', ')}.`,
    );
  }
}

export function keyText(key: ReportKey): string {
  return Object.entries(key)
    .map(([column, value]) => `${column} ${value}`)
    .join(', ');
}
