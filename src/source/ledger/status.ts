import type pg from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { RejectReason } from '../csv/reject-reason.js';
import type { FileState } from './file-ledger.js';

/** The state of one file, as users see it. Sizes in bytes. */
export interface FileStatus {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly state: FileState;
  readonly sizeBytes: number;
  /** Records in the file. */
  readonly recordCount: number;
  /** Records loaded so far. They become visible when the state is `loaded`. */
  readonly loadedCount: number;
  readonly rejectCount: number;
  /** Loaded records that cleaning rejected because they have no usable natural key. */
  readonly unkeyedCount: number;
  readonly partCount: number;
  readonly openPartCount: number;
  readonly warnings: readonly string[];
  readonly createdDate: Date;
  readonly ingestedDate: Date | null;
}

/** All known files, the newest period and file first. */
export async function listFiles(
  pool: pg.Pool,
  filter: { feed?: string; period?: string; ids?: readonly number[] } = {},
): Promise<FileStatus[]> {
  const unkeyed: RejectReason = 'key_not_usable';
  const { file: files } = await ledger(pool);
  const rows = await files.findMany({
    where: {
      feed: filter.feed,
      period: filter.period,
      id: filter.ids === undefined ? undefined : { in: [...filter.ids] },
    },
    include: {
      parts: { select: { state: true, record_count: true, loaded_count: true, reject_count: true } },
      _count: { select: { rejects: { where: { reason: unkeyed } } } },
    },
    orderBy: [{ period: 'desc' }, { id: 'desc' }],
  });
  return rows.map(({ parts, ...row }) => {
    const sum = (count: (part: (typeof parts)[number]) => number | null) =>
      parts.reduce((total, part) => total + (count(part) ?? 0), 0);
    return {
      id: row.id,
      name: row.name,
      feed: row.feed,
      period: row.period,
      state: row.state as FileState,
      sizeBytes: Number(row.size_bytes),
      recordCount: sum((part) => part.record_count),
      loadedCount: sum((part) => part.loaded_count),
      rejectCount: sum((part) => part.reject_count),
      unkeyedCount: row._count.rejects,
      partCount: parts.length,
      openPartCount: parts.filter((part) => part.state !== 'loaded').length,
      warnings: row.warnings as string[],
      createdDate: row.created_date,
      ingestedDate: row.ingested_date,
    };
  });
}
