import { keyedEntries, recordsOf, type VendorDrop } from './drop-records.js';
import { trimmed, wholeNumber } from './field-values.js';
import { filesInOrder, vendorFiles } from './read-drops.js';

/** What a file comes to: its records by what has to become of them, and the literals that cannot be read. */
export interface FileAccount {
  readonly period: string;
  readonly fileName: string;
  /** Numbers of the records that no load can accept. */
  readonly broken: number[];
  /** Numbers of the records that no key can be read of. */
  readonly keyless: number[];
  /** Of the others the number and key, in the order of the file. */
  readonly keyed: {
    readonly number: number;
    readonly key: string;
    readonly values: Readonly<Record<string, string>>;
  }[];
}

const keys: Record<string, (values: Readonly<Record<string, string>>) => string | null> = {
  'movies_metadata.csv': ({ id }) => text(wholeNumber(id)),
  'credits.csv': ({ id }) => text(wholeNumber(id)),
  'keywords.csv': ({ id }) => text(wholeNumber(id)),
  'links.csv': ({ movieId }) => text(wholeNumber(movieId)),
  'ratings.csv': ({ userId, movieId }) => {
    const film = wholeNumber(movieId);
    return film === null || trimmed(userId) === '' ? null : `${trimmed(userId)} ${film}`;
  },
};

/** The accounts of all files of the drops, in the order in which they count. */
export function accountsOf(drops: readonly VendorDrop[]): FileAccount[] {
  return filesInOrder(drops, vendorFiles).map(({ drop, fileName, bytes }) => {
    const account: FileAccount = { period: drop.period, fileName, broken: [], keyless: [], keyed: [] };
    for (const { number, values } of recordsOf(bytes)) {
      const key = values === null ? null : keys[fileName]!(values);
      if (values === null) account.broken.push(number);
      else if (key === null) account.keyless.push(number);
      else account.keyed.push({ number, key, values });
    }
    return account;
  });
}

/** Links that the records of the accounts tell of: the film, and what a nested column lists. */
export function linksTold(accounts: readonly FileAccount[], fileName: string, column: string): string[] {
  const told = accounts
    .filter((account) => account.fileName === fileName)
    .flatMap(({ keyed }) =>
      keyed.flatMap(({ key, values }) =>
        keyedEntries(values[column], ['name']).map(([id]) => `${key} ${id}`),
      ),
    );
  return [...new Set(told)].sort();
}

function text(value: number | null): string | null {
  return value === null ? null : String(value);
}
