import type { ByHand, RetirementCause } from './manual-corrections.js';

/** Why a number changed; kinds are listed in docs/explain.md. Amounts by column, exact, as text. */
export interface Cause {
  readonly kind: string;
  readonly name?: string;
  readonly amounts?: Readonly<Record<string, string>>;
  readonly fields?: readonly FieldChange[];
  readonly leftOut?: string;
  readonly version?: number;
  readonly earlierVersion?: number;
  readonly file?: string;
  readonly period?: string;
  readonly record?: number;
  readonly late?: boolean;
  /** The row of the warehouse that it tells of, where that is not the entity's own. */
  readonly table?: string;
  readonly key?: Readonly<Record<string, string>>;
  /** Who retired or restored it, and why. */
  readonly by?: string;
  readonly reason?: string;
  /**
   * What came to what is summed into the entity: links that are new to it or went elsewhere, with `key` and `record`, and
   * how many records of which file.
   */
  readonly summed?: readonly SummedNews[];
  /** What was retired or restored beside it. */
  readonly byHand?: readonly Cause[];
  readonly [more: string]: unknown;
}

/** A field with what it was and what it is now; null where unknown. */
export interface FieldChange {
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
}

export interface SummedNews {
  readonly table: string;
  readonly file: string;
  readonly period: string;
  readonly count?: number;
  readonly key?: Readonly<Record<string, string>>;
  readonly record?: number;
}

/** Why numbers of a report may differ from the publication before, as far as it holds for all of its rows. */
export type GeneralCause =
  | { kind: 'new file'; feed: string; period: string; name: string; late: boolean }
  | { kind: 'as-of day'; from: string; to: string }
  | { kind: 'mapping'; from: number; to: number }
  | { kind: 'definition'; report: string }
  | { kind: 'rollback'; from: number; to: number }
  | RetirementCause;

/** The files that a publication reflects, to tell by them which ones came later. */
export interface KnownFiles {
  /** The newest period among them. */
  readonly newestPeriod: string;
  /** The checksums of their bytes. */
  readonly checksums: readonly string[];
}

/**
 * Whether `file` came since, for an earlier month than was known. Not by when it was cleaned: a warehouse made anew has
 * cleaned all of its files anew.
 */
export function isLate({ newestPeriod, checksums }: KnownFiles, given: (value: unknown) => string): string {
  return `(file.period < ${given(newestPeriod)} and file.sha256 <> all(${given(checksums)}::text[]))`;
}

/** What the cause of a contribution's change is told from, beside the contribution. */
export interface CauseSources {
  /** The files of the publication before: what comes from another one of an earlier month is late. */
  readonly knownFiles: KnownFiles;
  /** When the reports compared with were built; null for a rollback, whose contributions go back. */
  readonly since: string | null;
  /** What was retired or restored by hand since. */
  readonly byHand: ByHand;
}

/** The columns of the published contributions, and of those that were built, with their types. */
export interface Sides {
  readonly known: ReadonlyMap<string, string>;
  readonly built: ReadonlyMap<string, string>;
}
