import type { Pool } from 'pg';
import type { DataSet } from '../src/data-set.js';
import type { Storage } from '../src/source/storage.js';

/** What the process that runs the jobs lends them. */
export interface Services {
  /** The data database, as the pipeline role. */
  readonly pool: Pool;
  readonly dataSet: DataSet;
  /** Where delivered files are kept. */
  readonly storage: Storage;
  /** Key of the hash over personal data. */
  readonly personalDataKey: string;
  /** Share of rejected records above which a load is held, 0 to 1. */
  readonly maxRejectShare: number;
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
