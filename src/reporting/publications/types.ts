import type { CheckOutcome } from '../checks/check.js';
import type { ReportRules } from '../definition/definition-hash.js';

/** How many rows of a report a publication inserts, updates and deletes. */
export interface DifferenceCounts {
  inserted: number;
  updated: number;
  deleted: number;
}

/** The differences between a build and the published report, which are kept in tables next to the build. */
export interface Comparison {
  /** The publication it was compared with. */
  readonly publication: number;
  readonly counts: DifferenceCounts;
  /** How many changes the publication will list: cells, and rows that are inserted or deleted. */
  readonly differences: number;
  /** How many contributions differ; null if there are no earlier contributions to compare with. */
  readonly contributions: number | null;
}

/** The checked builds of one run, ready to be published together. */
export interface ReadyBuilds {
  readonly asOfDay: string;
  /** When the first of them was built. */
  readonly builtDate: string;
  /** What the warehouse contained from then until the last was built. */
  readonly reflected: Reflected;
  /** SHA-256 of each report's definition. */
  readonly hashes: Readonly<Record<string, string>>;
  /** The rules of each report. */
  readonly rules: Readonly<Record<string, ReportRules>>;
  readonly reports: Readonly<Record<string, ReadyBuild>>;
  readonly checks: readonly CheckOutcome[];
}

/** The build of one report. */
export interface ReadyBuild {
  /** How many rows were built. */
  readonly rows: number;
  /** Whether these are all rows of the report. */
  readonly whole: boolean;
  /** Null if it was not compared with a publication. */
  readonly comparison: Comparison | null;
}

/** A file that a publication reflects. */
export interface ReflectedDrop {
  readonly feed: string;
  readonly period: string;
  readonly name: string;
  readonly sha256: string;
}

/** The data that a publication is based on. */
export interface Reflected {
  readonly drops: readonly ReflectedDrop[];
  readonly mappingVersion: number;
  /** Ids of the retirements in force, in order. */
  readonly retirements: readonly number[];
}

/** The properties of a publication that the next one is compared with. */
export interface LatestPublication {
  readonly number: number;
  readonly asOfDay: string;
  readonly drops: readonly ReflectedDrop[];
  readonly mappingVersion: number;
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly definitions: Readonly<Record<string, string>>;
  /** Missing for a report of a publication by an earlier version of the software. */
  readonly rules: Readonly<Record<string, ReportRules | undefined>>;
  /** For a rollback: the publication whose state it published again. */
  readonly restores: number | null;
  readonly reflects: string;
}
