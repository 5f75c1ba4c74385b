import type { Pool } from 'pg';
import type { DataSet } from '../src/data-set.js';
import type { Runs } from '../src/queue/runs/runs.js';
import type { Storage } from '../src/source/storage/storage.js';

/** What the process that runs the jobs has for them. */
export interface Resources {
  /** The data database, as the pipeline role. */
  readonly pool: Pool;
  readonly dataSet: DataSet;
  /** Where delivered files are kept. */
  readonly storage: Storage;
  /** Key of the hash over personal data. */
  readonly personalDataKey: string;
  /** Share of rejected records above which a load is held, 0 to 1. */
  readonly maxRejectShare: number;
  /** Share of records without a usable key above which a load is held, 0 to 1; the engine's default unless told. */
  readonly maxUnkeyedShare?: number | undefined;
  /** Share of its rows a report may lose, 0 to 1; the engine's default unless told. */
  readonly maxRowLossShare?: number | undefined;
  /** Changes of how many publications are kept; the engine's default unless told. */
  readonly retainedPublications?: number | undefined;
  /** Where drops are put to be taken up by themselves. */
  readonly inbox: { readonly folder: string; readonly scanSeconds: number; readonly stableSeconds: number };
  /** Days after a month's end by which each feed is expected. */
  readonly lateAfterDays: number;
  /** Says a sentence to whoever runs the worker, of what is no run's: a drop taken up, a late feed, a backup in danger. */
  readonly tell?: (level: 'info' | 'warn', sentence: string) => void;
}

/** What a job is lent: the resources, and the runs, to start others. */
export interface Services extends Resources {
  readonly runs: Runs;
}

/** The queues, named after the stations of a drop. */
export const queues = {
  drop: 'drop',
  ingest: 'ingest',
  turn: 'turn',
  clean: 'clean',
  report: 'report',
  schedule: 'schedule',
} as const;
