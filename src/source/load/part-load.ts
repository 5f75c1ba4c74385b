import type pg from 'pg';
import type { Feed } from '../feed.js';
import type { FileRow } from '../ledger/file-ledger.js';
import type { PartRow } from '../ledger/part-ledger.js';
import type { RecordLimits } from '../record-limits.js';
import type { ColumnPlan } from './column-plan.js';

/** Everything needed to load one part, in its transaction. */
export interface PartLoad {
  readonly client: pg.ClientBase;
  readonly feed: Feed;
  readonly plan: ColumnPlan;
  readonly file: FileRow;
  readonly part: PartRow;
  /** Number of parts of the file. */
  readonly partCount: number;
  /** The uncompressed file. */
  readonly path: string;
  readonly limits: RecordLimits;
  readonly signal: AbortSignal | undefined;
}

/** Numbers of records of a part. */
export interface PartCounts {
  readonly loaded: number;
  readonly rejected: number;
}
