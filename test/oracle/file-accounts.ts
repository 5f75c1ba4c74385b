import { keyedEntries, recordsOf, type VendorDrop } from './drop-records.js';
import { trimmed, wholeNumber } from './field-values.js';
import { filesInOrder, vendorFiles } from './read-drops.js';

/** The expected result of loading a file: its records by what must happen to them. */
export interface FileAccount {
  readonly period: string;
  readonly fileName: string;
  /** Numbers of the records that every load rejects. */
  readonly broken: number[];
  /** Numbers of the records without a usable key. */
  readonly keyless: number[];
  /** Number and key of the other records, in the order of the file. */
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

/** The accounts of all files of the drops, in the order in which they apply. */
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

/** The links in the records of the accounts: the film, and an entry of a nested column. */
export function linksIn(accounts: readonly FileAccount[], fileName: string, column: string): string[] {
  const links = accounts
    .filter((account) => account.fileName === fileName)
    .flatMap(({ keyed }) =>
      keyed.flatMap(({ key, values }) =>
        keyedEntries(values[column], ['name']).map(([id]) => `${key} ${id}`),
      ),
    );
  return [...new Set(links)].sort();
}

function text(value: number | null): string | null {
  return value === null ? null : String(value);
}
