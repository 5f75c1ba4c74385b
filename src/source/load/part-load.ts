import type pg from 'pg';
import type { Feed } from '../feed.js';
import type { FileRow } from '../ledger/file-ledger.js';
import type { PartRow } from '../ledger/part-ledger.js';
import type { RecordLimits } from '../record-limits.js';
import type { ColumnPlan } from './column-plan.js';

/** All that is needed to load one part, inside its transaction. */
export interface PartLoad {
  readonly client: pg.ClientBase;
  readonly feed: Feed;
  readonly plan: ColumnPlan;
  readonly file: FileRow;
  readonly part: PartRow;
  /** How many parts the file has. */
  readonly partCount: number;
  /** The uncompressed file. */
  readonly path: string;
  readonly limits: RecordLimits;
  readonly signal: AbortSignal | undefined;
}

/** What came of the records of a part. */
export interface PartCounts {
  readonly loaded: number;
  readonly rejected: number;
}
