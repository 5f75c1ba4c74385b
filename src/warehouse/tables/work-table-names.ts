import { randomBytes } from 'node:crypto';
import type { LockedTable } from './table-lock.js';

/** What the tables of one attempt carry at the end of their names, so that no other takes them for its own. */
export function newMark(): string {
  return randomBytes(4).toString('hex');
}

/** What a table or an index is called until it takes the place of another: within the 63 bytes of a name. */
export function freshName(name: string, mark: string): string {
  return `${name.slice(0, 50)}_new_${mark}`;
}

/** The table of schema `source` with the hashes of personal values that one cleaning of a table reads. */
export function hashesName({ schema, table }: LockedTable, mark: string): string {
  return `hashes_of_${schema}_${table}_${mark}`;
}

/** The condition that a table's name (an SQL expression) is no `freshName`. */
export const isNotFresh = (name: string) => `${name} !~ '_new_[0-9a-f]{8}$'`;
