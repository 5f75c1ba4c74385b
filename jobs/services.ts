import type { Pool } from 'pg';
import type { DataSet } from '../src/data-set.js';
import type { Runs } from '../src/queue/runs/runs.js';
import type { Storage } from '../src/source/storage/storage.js';

/** What the process supplies to its jobs. */
export interface Resources {
  /** The data database, as the pipeline role. */
  readonly pool: Pool;
  readonly dataSet: DataSet;
  /** Where delivered files are stored. */
  readonly storage: Storage;
  /** The folder of the embedded database; undefined when the database is elsewhere. */
  readonly databaseFolder?: string | undefined;
  /** Key of the hash that replaces personal data. */
  readonly personalDataKey: string;
  /** Share of rejected records above which a load is held, 0 to 1. */
  readonly maxRejectShare: number;
  /** Share of records without a usable key above which a load is held, 0 to 1; by default, the engine's value. */
  readonly maxUnkeyedShare?: number | undefined;
  /** The earliest month that files may be for, as YYYY-MM; by default, the engine's value. */
  readonly earliestPeriod?: string | undefined;
  /** Share of a column's values that may be unusable, 0 to 1, above which a load is held; by default, the engine's value. */
  readonly maxUnusableShare?: number | undefined;
  /** Share of its rows that a report may lose, 0 to 1; by default, the engine's value. */
  readonly maxRowLossShare?: number | undefined;
  /** For how many publications changes are kept; by default, the engine's value. */
  readonly retainedPublications?: number | undefined;
  /** The folder from which drops are loaded automatically. */
  readonly inbox: { readonly folder: string; readonly scanSeconds: number; readonly stableSeconds: number };
  /** Number of days after the end of a month by which each feed is expected. */
  readonly lateAfterDays: number;
  /** Receives messages for the operator that belong to no run: a drop found, a late feed, a backup at risk. */
  readonly notify?: (level: 'info' | 'warn', sentence: string) => void;
}

/** What a job gets: the resources, and the runs, to start others. */
export interface Services extends Resources {
  readonly runs: Runs;
}

/** The queues, named after the stages of a drop. */
export const queues = {
  drop: 'drop',
  ingest: 'ingest',
  turn: 'turn',
  clean: 'clean',
  report: 'report',
  schedule: 'schedule',
} as const;
