import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../fault.js';
import { csvRecord } from './csv-record.js';
import { VENDOR_COLUMNS, type VendorFeed } from './vendor-feeds.js';

/** One written file. `records` counts CSV records without the header. */
interface SampleFile {
  readonly feed: VendorFeed;
  readonly path: string;
  readonly records: number;
  readonly bytes: number;
}

/** One written drop: a folder named by its period that holds the five files. */
export interface SampleDrop {
  readonly period: string;
  readonly dir: string;
  readonly files: readonly SampleFile[];
}

/** How far the writing is: told about every 4 MB of a file and once when it is complete. */
export interface SampleProgress {
  readonly period: string;
  readonly feed: VendorFeed;
  readonly records: number;
  readonly bytes: number;
  readonly done: boolean;
}

/** Where drops go and who wants to know. */
export interface DropFolderOptions {
  /** The folder that receives one folder per period; made when missing. */
  readonly outDir: string;
  /** Replace period folders that are already there; without it they are refused. */
  readonly overwrite?: boolean | undefined;
  readonly onProgress?: ((progress: SampleProgress) => void) | undefined;
}

/** Writes one feed's file from its header on; called for each feed in turn. */
export type FeedFiller = (feed: FeedWriter) => Promise<void>;

const PERIOD = /^\d{4}-(0[1-9]|1[0-2])$/;
const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Makes sure, before anything is written, that a drop can be written for each period. Throws a Fault when one is
 * no month or its folder exists and may not be replaced.
 */
export async function refuseUnwritable(
  options: DropFolderOptions,
  periods: readonly string[],
): Promise<void> {
  for (const period of periods) {
    if (!PERIOD.test(period)) {
      throw new Fault(
        'sample_period',
        `The period "${period}" is no month: write it as YYYY-MM, like 2017-08.`,
      );
    }
    await refuseTaken(join(options.outDir, period), options.overwrite === true);
  }
}

/**
 * Writes one drop and gives back what it holds. The folder appears under its period's name only when all its
 * files are complete, so that a watched inbox never sees half a drop; until then its name begins with a dot.
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
  const foreign = held.filter((name) => !Object.keys(VENDOR_COLUMNS).some((feed) => name === `${feed}.csv`));
  if (held.length > 0 && (!overwrite || foreign.length > 0)) {
    throw new Fault(
      'sample_folder_taken',
      `The folder ${dir} already holds ${foreign[0] ?? held[0]}, and a sample would replace it: ` +
        'give another output folder or remove this one.',
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
 * Collects a file's bytes in blocks and writes one block while the next is filled. Text goes through `append`;
 * the ratings, 26 million of them, are put into `block` digit by digit between two calls of `flushIfFull`.
 */
export class FeedWriter {
  /** The block being filled; `position` is the first free byte. Both change at every flush. */
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
    // At most three bytes of UTF-8 come from one UTF-16 unit.
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

  /** True when fewer than `bytes` bytes are free: then `flush` before more is put into `block`. */
  lacks(bytes: number): boolean {
    return this.position + bytes > this.block.length;
  }

  /** Writes what is left and gives the file's totals. */
  async finish(): Promise<{ records: number; bytes: number }> {
    await this.flush();
    await this.#writing;
    this.#tell({ records: this.records, bytes: this.#bytes, done: true });
    return { records: this.records, bytes: this.#bytes };
  }

  /** Hands the block over to be written and waits only for the one before it. */
  async flush(): Promise<void> {
    await this.#writing;
    const full = this.block.subarray(0, this.position);
    const next = this.#spare;
    this.#spare = this.block;
    this.block = next;
    this.position = 0;
    this.#bytes += full.length;
    this.#writing = writeAll(this.#handle, full);
    // Someone awaits it at the next flush; until then a rejection must not count as unhandled.
    this.#writing.catch(() => {});
    this.#tell({ records: this.records, bytes: this.#bytes, done: false });
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
