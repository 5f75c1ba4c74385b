import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../fault.js';
import { isMonth } from '../../period.js';
import { isSampleMark, markAsSample } from '../../source/drop/origin.js';
import { csvRecord } from './csv-record.js';
import { VENDOR_COLUMNS, type VendorFeed } from './vendor-feeds.js';

/** A written file. `records` is the number of CSV records without the header. */
interface SampleFile {
  readonly feed: VendorFeed;
  readonly path: string;
  readonly records: number;
  readonly bytes: number;
}

/** A written drop: a folder, named by its period, with the five files. */
export interface SampleDrop {
  readonly period: string;
  readonly dir: string;
  readonly files: readonly SampleFile[];
}

/** Progress of writing a file: reported about every 4 MB and when the file is complete. */
export interface SampleProgress {
  readonly period: string;
  readonly feed: VendorFeed;
  readonly records: number;
  readonly bytes: number;
  readonly done: boolean;
}

/** Where to write drops, and how to report progress. */
export interface DropFolderOptions {
  /** The folder that will contain one folder per period. Created if it does not exist. */
  readonly outDir: string;
  /** Whether to replace existing period folders. By default they are an error. */
  readonly overwrite?: boolean | undefined;
  readonly onProgress?: ((progress: SampleProgress) => void) | undefined;
}

/** Writes the records of a feed's file. Called for one feed after another. */
export type FeedFiller = (feed: FeedWriter) => Promise<void>;

const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Checks, before anything is written, that a drop can be written for each period.
 * @throws Fault `sample_period` if a period is not a month; `sample_folder_taken` if its folder may not be replaced
 */
export async function refuseUnwritable(
  options: DropFolderOptions,
  periods: readonly string[],
): Promise<void> {
  for (const period of periods) {
    if (!isMonth(period)) {
      throw new Fault(
        'sample_period',
        `The period "${period}" is not a month. Write it as YYYY-MM, such as 2017-08.`,
      );
    }
    await refuseTaken(join(options.outDir, period), options.overwrite === true);
  }
}

/**
 * Writes a drop. The folder gets its period's name only when all files are complete, so that an inbox never picks up an
 * incomplete drop. Until then, its name starts with a dot.
 */
export async function writeDropFolder(
  options: DropFolderOptions,
  period: string,
  fill: Readonly<Record<VendorFeed, FeedFiller>>,
): Promise<SampleDrop> {
  const dir = join(options.outDir, period);
  const unfinished = join(options.outDir, `.${period}.unfinished`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    const files: SampleFile[] = [];
    for (const feed of Object.keys(VENDOR_COLUMNS) as VendorFeed[]) {
      const name = `${feed}.csv`;
      const tell = (progress: Omit<SampleProgress, 'period' | 'feed'>) =>
        options.onProgress?.({ period, feed, ...progress });
      const written = await writeFeed(join(unfinished, name), feed, fill[feed], tell);
      files.push({ feed, path: join(dir, name), ...written });
    }
    await markAsSample(
      unfinished,
      files.map(({ feed }) => `${feed}.csv`),
    );
    await rm(dir, { recursive: true, force: true });
    await rename(unfinished, dir);
    return { period, dir, files };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function refuseTaken(dir: string, overwrite: boolean): Promise<void> {
  const held = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = Object.keys(VENDOR_COLUMNS).map((feed) => `${feed}.csv`);
  const foreign = held.filter((name) => !names.includes(name) && !isSampleMark(name));
  if (held.length > 0 && (!overwrite || foreign.length > 0)) {
    throw new Fault(
      'sample_folder_taken',
      `The folder ${dir} already contains ${foreign[0] ?? held[0]}, which a sample would replace. ` +
        'Choose a different output folder, or remove this one.',
    );
  }
}

type Tell = (progress: Omit<SampleProgress, 'period' | 'feed'>) => void;

async function writeFeed(
  path: string,
  feed: VendorFeed,
  fill: FeedFiller,
  tell: Tell,
): Promise<{ records: number; bytes: number }> {
  const handle = await open(path, 'w');
  try {
    const writer = new FeedWriter(handle, tell);
    await writer.append(csvRecord(VENDOR_COLUMNS[feed]), 0);
    await fill(writer);
    return await writer.finish();
  } finally {
    await handle.close();
  }
}

/**
 * Collects a file's bytes in blocks, and writes one block while the next is filled. Text is added with `append`; the 26
 * million ratings are written into `block` digit by digit, between calls of `flushIfFull`.
 */
export class FeedWriter {
  /** The current block; `position` is the first free byte. Both change with every flush. */
  block: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  position = 0;
  records = 0;
  readonly #handle: FileHandle;
  readonly #tell: Tell;
  #spare: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  #writing: Promise<void> = Promise.resolve();
  #bytes = 0;

  constructor(handle: FileHandle, tell: Tell) {
    this.#handle = handle;
    this.#tell = tell;
  }

  /** Adds whole records as text. */
  async append(text: string, records: number): Promise<void> {
    this.records += records;
    // A UTF-16 unit becomes at most three bytes of UTF-8.
    if (this.lacks(text.length * 3)) await this.flush();
    if (!this.lacks(text.length * 3)) {
      this.position += this.block.write(text, this.position);
      return;
    }
    const bytes = Buffer.from(text);
    for (let copied = 0; copied < bytes.length; ) {
      if (this.lacks(1)) await this.flush();
      const count = bytes.copy(this.block, this.position, copied);
      this.position += count;
      copied += count;
    }
  }

  /** True if fewer than `bytes` bytes are free: then call `flush` before writing to `block`. */
  lacks(bytes: number): boolean {
    return this.position + bytes > this.block.length;
  }

  /** Writes the rest and returns the file's totals. */
  async finish(): Promise<{ records: number; bytes: number }> {
    await this.flush();
    await this.#writing;
    this.#tell({ records: this.records, bytes: this.#bytes, done: true });
    return { records: this.records, bytes: this.#bytes };
  }

  /** Starts writing the block. Waits only for the previous one. */
  async flush(): Promise<void> {
    await this.#writing;
    const full = this.block.subarray(0, this.position);
    const next = this.#spare;
    this.#spare = this.block;
    this.block = next;
    this.position = 0;
    this.#bytes += full.length;
    this.#writing = writeAll(this.#handle, full);
    // The next flush awaits it. Until then, a rejection must not count as unhandled.
    this.#writing.catch(() => {});
    this.#tell({ records: this.records, bytes: this.#bytes, done: false });
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
