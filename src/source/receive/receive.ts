import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type pg from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import { checkDelivery } from '../drop/delivery-check.js';
import type { Delivery } from '../drop/drop.js';
import type { Origin } from '../drop/origin.js';
import {
  type FileRow,
  type FileState,
  findByChecksum,
  findLaterFile,
  insertFile,
  moveContent,
} from '../ledger/file-ledger.js';
import { requireSameOrigin } from '../ledger/home-origin.js';
import { listParts } from '../ledger/part-ledger.js';
import type { ScannedFile } from '../parts/scanned-file.js';
import { defaultRecordLimits, type RecordLimits } from '../record-limits.js';
import { backupPath, type Content, linkBackup, openContent, type Storage } from '../storage/storage.js';
import { scanFile } from './scan.js';

/** Result of receiving a delivered file. */
export interface ReceivedFile {
  readonly fileId: number;
  readonly feed: string;
  readonly period: string;
  /**
   * `new`: recorded now. `joined`: a load of the same bytes is unfinished; this run can help to finish it.
   * `known`: the same bytes were already loaded, or are held.
   */
  readonly outcome: 'new' | 'joined' | 'known';
  readonly state: FileState;
  /** Numbers of the parts that are not loaded yet. */
  readonly openParts: readonly number[];
  /** Number of records in the file. */
  readonly recordCount: number;
  readonly warnings: readonly string[];
  /** For a known file: one sentence that names the earlier load. */
  readonly notice?: string;
}

/** Options of `receiveFile`. */
export interface ReceiveOptions {
  readonly limits?: RecordLimits;
  /** The run that receives the file. */
  readonly runId?: string;
  /** Who wrote the file; by default not `marquee sample`. */
  readonly origin?: Origin | undefined;
  /** Minimum size of the parts in bytes; by default derived from the file's size. */
  readonly partBytes?: number;
  /** The columns that the header must have; by default those of the feed. */
  readonly required?: readonly string[];
}

/**
 * Receives a delivered file: checks it, reads it once for header, checksum and parts, keeps it as a backup, and records it.
 * Afterwards its parts are loaded one by one, and `finishLoad` makes the file visible.
 *
 * @param period the month it was delivered for, as YYYY-MM
 * @throws Fault of `checkDelivery`, `expand`, `scanFile`; file_changed; drop_foreign; file_withdrawn when an operator withdrew the same bytes of
 *   the same month. Nothing is kept of a refused file
 */
export async function receiveFile(
  pool: pg.Pool,
  storage: Storage,
  delivery: Delivery,
  period: string,
  options: ReceiveOptions = {},
): Promise<ReceivedFile> {
  await checkDelivery(delivery);
  const sent = await stat(delivery.path);
  const content = await openContent(storage, delivery);
  try {
    const { scanned, modified } = await scanContent(content.path, delivery, options);
    const same = await findByChecksum(pool, scanned.sha256);
    const known = knownFor(same, period);
    if (known !== undefined) {
      return await joinKnown(pool, storage, known, { ...delivery, period }, { ...content, modified });
    }
    await requireUnchanged(delivery, sent);
    const backup = await linkBackup(storage, delivery, period, scanned.sha256);
    const linked = delivery.compression === 'none' ? backup : undefined;
    const origin = options.origin ?? 'own';
    const fileId = await inTransaction(pool, async (client) => {
      await requireSameOrigin(client, origin, delivery.name);
      return insertFile(client, {
        name: delivery.name,
        feed: delivery.feed.name,
        period,
        scanned,
        backupName: backup?.name,
        contentPath: linked === undefined ? content.path : backupPath(storage, linked.name),
        contentDate: linked?.modified ?? modified,
        runId: options.runId,
        origin,
      });
    });
    if (fileId === undefined) {
      const winner = knownFor(await findByChecksum(pool, scanned.sha256), period)!;
      return await joinKnown(pool, storage, winner, { ...delivery, period }, { ...content, modified });
    }
    return {
      fileId,
      feed: delivery.feed.name,
      period,
      outcome: 'new',
      state: 'loading',
      openParts: scanned.parts.map((part) => part.number),
      recordCount: scanned.recordCount,
      warnings: [...scanned.warnings, ...otherMonths(same, delivery.name)],
    };
  } catch (error) {
    await content.discard();
    throw error;
  }
}

/**
 * Checks a delivered file as `receiveFile` does, and keeps nothing. It finds the faults of a file that has to wait for other
 * files, so that the faults of all files are reported together.
 *
 * @throws Fault of `checkDelivery`, `expand`, `scanFile`
 */
export async function examineFile(
  storage: Storage,
  delivery: Delivery,
  options: ReceiveOptions = {},
): Promise<void> {
  await checkDelivery(delivery);
  const content = await openContent(storage, delivery);
  try {
    await scanContent(content.path, delivery, options);
  } finally {
    await content.discard();
  }
}

/** The bytes that were read must be the same as those of the backup, since parts may be loaded from there. */
async function requireUnchanged({ path, name }: Delivery, sent: Stats): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.ino !== sent.ino || found.size !== sent.size || found.mtimeMs !== sent.mtimeMs) {
    throw new Fault(
      'file_changed',
      `${name} changed while it was being read. Nothing was kept. Deliver it again when it is complete.`,
    );
  }
}

/** Scans the uncompressed bytes of a delivery; also returns when they last changed before that. */
async function scanContent(
  path: string,
  delivery: Delivery,
  options: ReceiveOptions,
): Promise<{ scanned: ScannedFile; modified: Date }> {
  const limits = options.limits ?? defaultRecordLimits;
  const file = await open(path);
  try {
    const { mtime } = await file.stat();
    const scanned = await scanFile(file, delivery.feed, delivery.name, {
      limits,
      partBytes: options.partBytes,
      required: options.required,
    });
    return { scanned, modified: mtime };
  } finally {
    await file.close();
  }
}

/** The file that these bytes are for this month: the one in force, otherwise a withdrawn one. */
function knownFor(same: readonly FileRow[], period: string): FileRow | undefined {
  const ofMonth = same.filter((file) => file.period === period);
  return ofMonth.find(({ state }) => state !== 'withdrawn') ?? ofMonth[0];
}

/** Tells of the same bytes in force for another month: an unchanged file, or one that was loaded for the wrong month. */
function otherMonths(same: readonly FileRow[], name: string): string[] {
  return same
    .filter(({ state }) => state !== 'withdrawn')
    .map(
      ({ id, name: other, period }) =>
        `${name} has the same bytes as ${other} of ${period} (file ${id}), which stays in force. If ${period} is the wrong month: marquee withdraw ${id} --reason TEXT`,
    );
}

/** A delivery with the month it was delivered for. */
type Sent = Delivery & { readonly period: string };

/** The same bytes are recorded. If the bytes of the unfinished load were lost, the delivered ones replace them, also as its backup. */
async function joinKnown(
  pool: pg.Pool,
  storage: Storage,
  known: FileRow,
  delivery: Sent,
  content: Content & { modified: Date },
): Promise<ReceivedFile> {
  const found = await stat(known.content_path ?? '').catch(() => undefined);
  const intact = found?.size === known.size_bytes && found.mtime.getTime() === known.content_date?.getTime();
  if (known.state === 'loading' && !intact) {
    const backup = await linkBackup(storage, delivery, known.period, known.sha256);
    await moveContent(pool, known.id, { ...content, backupName: backup?.name });
  } else {
    await content.discard();
  }
  return await describeKnown(pool, known, delivery);
}

async function describeKnown(pool: pg.Pool, known: FileRow, { name }: Sent): Promise<ReceivedFile> {
  const parts = await listParts(pool, known.id);
  if (known.state === 'withdrawn') {
    throw new Fault(
      'file_withdrawn',
      `${name} has the same bytes as ${known.name} of ${known.period} (file ${known.id}), which was withdrawn. To use it again: marquee withdraw ${known.id} --undo --reason TEXT. To load the rest of the drop without it: --ignore ${name}.`,
    );
  }
  const base = {
    fileId: known.id,
    feed: known.feed,
    period: known.period,
    state: known.state,
    openParts: parts.filter((part) => part.state !== 'loaded').map((part) => part.number),
    recordCount: parts.reduce((sum, part) => sum + part.recordCount, 0),
    warnings: known.warnings,
  };
  if (known.state === 'loading') {
    return { ...base, outcome: 'joined' };
  }
  return {
    ...base,
    outcome: 'known',
    notice: `${name} has the same bytes as ${known.name} of ${known.period} (file ${known.id}), which ${await whereItStands(pool, known)}.`,
  };
}

async function whereItStands(pool: pg.Pool, known: FileRow): Promise<string> {
  const { state, ingested_date: loaded } = known;
  if (state === 'held') return 'is held. Nothing was done';
  const finding = `was loaded on ${loaded?.toISOString()}. Nothing was done`;
  const later = await findLaterFile(pool, known);
  if (later === undefined) return finding;
  return (
    `${finding}: the values of the later file ${later.name} of ${later.period} (file ${later.id}) stay. ` +
    `To replace them, ask the vendor for a file with other bytes, or withdraw file ${later.id}`
  );
}
