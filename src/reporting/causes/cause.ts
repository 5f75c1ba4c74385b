import { type SqlText, sql } from '../../database/sql.js';
import type { ManualCorrections, RetirementCause } from './manual-corrections.js';
import type { UnusableValue } from './unusable-values.js';

/** Why a number changed. The kinds are listed in docs/explain.md. Amounts by column, exact, as text. */
export interface Cause {
  readonly kind: string;
  readonly name?: string;
  readonly amounts?: Readonly<Record<string, string>>;
  readonly fields?: readonly FieldChange[];
  /** Values of the record that could not be used, so that their fields became empty. */
  readonly unusable?: readonly UnusableValue[];
  /** Of `others`: how many of them have such values. */
  readonly unusableCount?: number;
  readonly leftOut?: string;
  readonly version?: number;
  readonly earlierVersion?: number;
  readonly file?: string;
  readonly period?: string;
  readonly record?: number;
  readonly late?: boolean;
  /** The warehouse row it is about, if that is not the entity's own row. */
  readonly table?: string;
  readonly key?: Readonly<Record<string, string>>;
  /** Who retired or restored it, and why. */
  readonly by?: string;
  readonly reason?: string;
  /**
   * Changes in the records that are summed into the entity: links that were added or moved, with `key` and `record`, and the number of
   * records per file.
   */
  readonly summed?: readonly SummedChange[];
  /** Manual corrections that had a side effect on the entity. */
  readonly byHand?: readonly Cause[];
  readonly [more: string]: unknown;
}

/** A field with its old and new value; null where unknown. */
export interface FieldChange {
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
}

/** A change in the records that are summed into an entity: one link, or a number of records of one file. */
export interface SummedChange {
  readonly table: string;
  readonly file: string;
  readonly period: string;
  readonly count?: number;
  readonly key?: Readonly<Record<string, string>>;
  readonly record?: number;
  /** Values that could not be used: those of the link's record, or the first of the file's records. */
  readonly unusable?: readonly UnusableValue[] | null;
  /** How many of the file's records have an unusable value; absent when none has. */
  readonly unusableCount?: number | null;
}

/** Why numbers of a report may differ from the publication before, for reasons that apply to all of its rows. */
export type ReportWideCause =
  | { kind: 'new file'; feed: string; period: string; name: string; late: boolean }
  | { kind: 'as-of day'; from: string; to: string }
  | { kind: 'mapping'; from: number; to: number }
  | DefinitionCause
  | { kind: 'rollback'; from: number; to: number }
  | RetirementCause;

/** The report's own definition changed or, with `relation`, a relation that it uses. */
export interface DefinitionCause {
  readonly kind: 'definition';
  readonly report: string;
  readonly relation?: string;
}

/** What is known about a definition that changed since the publication that is compared with. */
export interface Redefinition {
  /** The relation that changed, if nothing else did. */
  readonly relation?: string | undefined;
  /**
   * Selects, as `entity`, the entities whose data may have changed since as well. What the others contribute changed because of the
   * definition alone. Null if it is not known which entities these are.
   */
  readonly touched: SqlText | null;
}

/** The files that a publication reflects. Any other file arrived later. */
export interface KnownFiles {
  /** The newest period among them. */
  readonly newestPeriod: string;
  /** See `fileIdentity`. */
  readonly files: readonly string[];
}

/**
 * The condition that the relation `file` arrived since, for an earlier month than the newest known one. It does not use the time of
 * cleaning: a rebuilt warehouse has cleaned all of its files again.
 */
export function isLate({ newestPeriod, files }: KnownFiles): SqlText {
  return sql`(file.period < ${newestPeriod} and file.period || ' ' || file.sha256 <> all(${files}::text[]))`;
}

/** What is known about the time since the publication that is compared with. */
export interface CauseSources {
  readonly knownFiles: KnownFiles;
  /** When the published reports were built; null for a rollback, which goes back in time. */
  readonly since: string | null;
  /** Rows that were retired or restored manually since. */
  readonly corrections: ManualCorrections;
  /** Null if the definition is the same. */
  readonly redefinition: Redefinition | null;
}

/** The columns with their types: of the published contributions (`known`) and of the built ones. */
export interface Sides {
  readonly known: ReadonlyMap<string, string>;
  readonly built: ReadonlyMap<string, string>;
}

/** Columns of a contribution that identify where it comes from, not what it contributes. */
export const originColumns: readonly string[] = [
  'entity',
  'entity_name',
  'version',
  'file_id',
  'record_number',
];
