import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { type FileRow, toFileRow } from '../ledger/file-ledger.js';
import { backupPath, expandedFolder, removeContent, type Storage } from './storage.js';

/** Result of `tidyStorage`, in files. */
export interface Upkeep {
  /** Backups written or compressed. */
  readonly compressed: number;
  /** Uncompressed files removed. */
  readonly removed: number;
  /** One sentence for each file that could not be backed up. */
  readonly warnings: readonly string[];
}

/** Uncompressed files that no load refers to are removed after an hour. */
const LEFT_OVER_AFTER_MS = 60 * 60 * 1000;

/**
 * Work that no user waits for. It writes the backups of finished loads whose delivered file could not be linked, compresses
 * plain ones, and removes uncompressed bytes that are no longer needed. It may be stopped at any moment and may run several
 * times in parallel: a backup is replaced as a whole, after its checksum was compared.
 */
export async function tidyStorage(
  pool: pg.Pool,
  storage: Storage,
  options: { signal?: AbortSignal } = {},
): Promise<Upkeep> {
  const { file: files } = await ledger(pool);
  const rows = await files.findMany({
    where: {
      state: 'loaded',
      OR: [{ backup_name: null }, { backup_name: { endsWith: '.csv', mode: 'insensitive' } }],
    },
    orderBy: { id: 'asc' },
  });
  let compressed = 0;
  const warnings: string[] = [];
  for (const file of rows.map(toFileRow)) {
    options.signal?.throwIfAborted();
    const warning = await compressBackup(pool, storage, file, options.signal);
    if (warning === undefined) {
      compressed++;
    } else {
      warnings.push(warning);
    }
  }
  return { compressed, removed: await removeLeftOver(pool, storage), warnings };
}

async function compressBackup(
  pool: pg.Pool,
  storage: Storage,
  file: FileRow,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const source = file.backup_name === null ? file.content_path : backupPath(storage, file.backup_name);
  if (source === null || (await stat(source).catch(() => undefined)) === undefined) {
    return `The backup of ${file.name} (file ${file.id}) is missing: expected it at ${source}. Keep a copy if the vendor still has the file.`;
  }
  const plainName =
    file.backup_name ??
    join(file.period, `${file.sha256.slice(0, 16)}-${file.name.split('/').at(-1)!.replace(/\.gz$/i, '')}`);
  const backupName = `${plainName}.gz`;
  const target = backupPath(storage, backupName);
  const unfinished = `${target}.${randomUUID()}`;
  await mkdir(dirname(target), { recursive: true });
  const hash = createHash('sha256');
  const watch = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    // The fastest level: files become 3 to 4 times smaller, at 100 MB/s or more.
    await pipeline(createReadStream(source), watch, createGzip({ level: 1 }), createWriteStream(unfinished), {
      signal,
    });
    if (hash.digest('hex') !== file.sha256) {
      return `The backup of ${file.name} (file ${file.id}) at ${source} no longer has the bytes that were loaded. Ask the vendor for the file again.`;
    }
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
  const { file: files } = await ledger(pool);
  const { count } = await files.updateMany({
    where: { id: file.id, state: 'loaded', backup_name: file.backup_name },
    data: { backup_name: backupName, content_path: null, content_date: null },
  });
  if (count === 1) {
    if (file.backup_name !== null) {
      await rm(source, { force: true });
    }
    await removeContent(storage, file.content_path);
  }
  return undefined;
}

/** Removes uncompressed files that no load refers to, left by processes that were killed before they wrote the ledger. */
async function removeLeftOver(pool: pg.Pool, storage: Storage): Promise<number> {
  const folder = expandedFolder(storage);
  const names = await readdir(folder).catch(() => []);
  const { file: files } = await ledger(pool);
  const rows = await files.findMany({
    where: { content_path: { not: null } },
    select: { content_path: true },
  });
  const used = new Set(rows.map((row) => row.content_path));
  let removed = 0;
  for (const path of names.map((name) => join(folder, name)).filter((candidate) => !used.has(candidate))) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > LEFT_OVER_AFTER_MS) {
      await rm(path, { force: true });
      removed++;
    }
  }
  return removed;
}
