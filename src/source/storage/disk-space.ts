import { open, stat, statfs } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import type { Delivery } from '../drop/drop.js';
import { zipEntrySize } from '../drop/zip-file.js';

/**
 * Space that a drop takes in the database, as a multiple of its uncompressed size: records in `source`, their versions in the
 * warehouse with indexes, and reports. A drop of 6 MB took 27 MB.
 */
const DATABASE_FACTOR = 4;

/** Where the data of a load is written, as far as it is on disks of this host. */
export interface LoadPlaces {
  /** The folder of the delivered files. */
  readonly storage: string;
  /** The folder of the embedded database; undefined when the database is elsewhere, since its disk is unknown. */
  readonly database?: string | undefined;
}

/** The space that is needed and free on one disk, in bytes. */
interface DiskNeed {
  readonly folder: string;
  needed: number;
  readonly free: number;
}

/**
 * Checks that the disks have room for a drop before it is loaded: for the uncompressed files, for copies of files that cannot be
 * linked, and for the embedded database. The need is estimated from the sizes of the files.
 *
 * @throws Fault disk_space_short
 */
export async function requireDiskSpace(deliveries: readonly Delivery[], places: LoadPlaces): Promise<void> {
  const storage = await stat(places.storage);
  const disks = new Map<number, DiskNeed>();
  const need = async (folder: string, bytes: number) => {
    const { dev } = folder === places.storage ? storage : await stat(folder);
    const { bavail, bsize } = await statfs(folder);
    const disk = disks.get(dev) ?? { folder, needed: 0, free: bavail * bsize };
    disk.needed += bytes;
    disks.set(dev, disk);
  };
  for (const delivery of deliveries) {
    const { size, dev } = await stat(delivery.path);
    const content = await contentBytes(delivery, size);
    const expanded = delivery.compression === 'none' ? 0 : content;
    await need(places.storage, expanded + (dev === storage.dev ? 0 : size));
    if (places.database !== undefined) await need(places.database, content * DATABASE_FACTOR);
  }
  for (const { folder, needed, free } of disks.values()) {
    if (needed > free) {
      throw new Fault(
        'disk_space_short',
        `The drop needs about ${sizeText(needed)} on the disk of ${folder}, which has ${sizeText(free)} free. Nothing was loaded. Free some space, then retry the run.`,
      );
    }
  }
}

/** The uncompressed size of a delivery, as its packaging states it. The content of a damaged file is not judged here. */
async function contentBytes({ path, compression, entry }: Delivery, size: number): Promise<number> {
  if (compression === 'none') return size;
  if (compression === 'zip') return (await zipEntrySize(path, entry ?? '')) ?? size;
  if (size < 4) return size;
  const file = await open(path);
  try {
    // The end of a gzip file has the size modulo 4 GiB.
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, size - 4);
    return Math.max(size, buffer.readUInt32LE(0));
  } finally {
    await file.close();
  }
}

/** A size in words, for example `1.5 GB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
