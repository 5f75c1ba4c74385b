import type { CheckOutcome } from '../checks/check.js';

/** How many rows of a report a publication brings, alters and takes. */
export interface DifferenceCounts {
  inserted: number;
  updated: number;
  deleted: number;
}

/** What a build changes in what is served, found out and kept in tables beside the build. */
export interface Comparison {
  /** The publication it was compared with. */
  readonly publication: number;
  readonly counts: DifferenceCounts;
  /** How many differences will be listed: cells, and rows that come or go whole. */
  readonly differences: number;
  /** How many contributions differ; null where there are none to compare with. */
  readonly contributions: number | null;
}

/** Builds of one run, checked, that fit together. */
export interface ReadyBuilds {
  readonly asOfDay: string;
  /** When the first of them was built. */
  readonly builtDate: string;
  /** What the warehouse held then, and until the last was built. */
  readonly reflected: Reflected;
  /** SHA-256 of each report's definition. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly reports: Readonly<Record<string, ReadyBuild>>;
  readonly checks: readonly CheckOutcome[];
}

/** The build of one report. */
export interface ReadyBuild {
  /** How many rows were built. */
  readonly rows: number;
  /** Whether these are all rows of the report. */
  readonly whole: boolean;
  /** What it changes; null where there was nothing to compare with. */
  readonly comparison: Comparison | null;
}

/** A file a publication reflects. */
export interface ReflectedDrop {
  readonly feed: string;
  readonly period: string;
  readonly name: string;
  readonly sha256: string;
}

/** What a publication stands on, beside the rules. */
export interface Reflected {
  readonly drops: readonly ReflectedDrop[];
  readonly mappingVersion: number;
  /** Numbers of the retirements in force, in order. */
  readonly retirements: readonly number[];
}

/** A publication as far as the next one is compared with it. */
export interface LatestPublication {
  readonly number: number;
  readonly asOfDay: string;
  readonly drops: readonly ReflectedDrop[];
  readonly mappingVersion: number;
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly definitions: Readonly<Record<string, string>>;
  /** The publication whose state a rollback published again. */
  readonly restores: number | null;
  readonly reflects: string;
}
