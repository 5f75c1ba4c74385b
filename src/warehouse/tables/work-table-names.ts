import { randomBytes } from 'node:crypto';
import type { LockedTable } from './table-lock.js';

/** The mark at the end of the names of one attempt's tables, which separates them from those of other attempts. */
export function newMark(): string {
  return randomBytes(4).toString('hex');
}

/** The name of a table or an index until it replaces another; at most 63 bytes, the limit for a name. */
export function freshName(name: string, mark: string): string {
  return `${name.slice(0, 50)}_new_${mark}`;
}

/** The name of the table in schema `source` with the hashes of personal values that one cleaning of a table reads. */
export function hashesName({ schema, table }: LockedTable, mark: string): string {
  return `hashes_of_${schema}_${table}_${mark}`;
}

/** The condition that a table's name (an SQL expression) is not a `freshName`. */
export const isNotFresh = (name: string) => `${name} !~ '_new_[0-9a-f]{8}$'`;
