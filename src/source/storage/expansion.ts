import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Failure, Fault, messageOf } from '../../fault.js';
import type { Delivery } from '../drop/drop.js';
import { readZipEntry } from '../drop/zip-file.js';

/** How far a compressed file may expand. Protects against archives made to fill the disk. */
export interface ExpansionLimit {
  /** Bytes of one file when uncompressed. */
  readonly bytes: number;
  /** Uncompressed bytes per compressed byte; such text reaches 5 to 30. Does not apply to small files. */
  readonly ratio: number;
}

export const defaultExpansionLimit: ExpansionLimit = { bytes: 64 * 1024 ** 3, ratio: 200 };

const RATIO_APPLIES_FROM = 64 * 1024 * 1024;

/**
 * Writes the uncompressed bytes of a compressed delivery to `target`, as a stream. On error the target is removed.
 *
 * @throws Fault file_damaged when the compressed bytes are damaged, cut short or followed by anything but zeros;
 *   file_expands_too_far beyond the limit
 */
export async function expand(
  delivery: Delivery,
  target: string,
  limit: ExpansionLimit = defaultExpansionLimit,
): Promise<void> {
  const { size } = await stat(delivery.path);
  const watch = expansionWatch(delivery, size, limit);
  try {
    if (delivery.compression === 'zip') {
      await readZipEntry(delivery.path, delivery.entry ?? '', (content) =>
        pipeline([...content, watch, createWriteStream(target)]),
      );
    } else {
      const gunzip = createGunzip();
      await pipeline(createReadStream(delivery.path), gunzip, watch, createWriteStream(target));
      await requirePadding(delivery.path, gunzip.bytesWritten);
    }
  } catch (error) {
    await rm(target, { force: true });
    throw asFault(error, delivery);
  }
}

/**
 * Node ends a gzip stream silently at the first zero byte after a member, so that the rest of a damaged file would be missing
 * without an error. Zeros up to the very end are padding.
 */
async function requirePadding(path: string, start: number): Promise<void> {
  for await (const chunk of createReadStream(path, { start })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) {
      throw new Error('unexpected bytes after the end of the compressed stream');
    }
  }
}

function expansionWatch(delivery: Delivery, compressedBytes: number, limit: ExpansionLimit): Transform {
  let expanded = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      expanded += chunk.length;
      const tooDense = expanded > RATIO_APPLIES_FROM && expanded > compressedBytes * limit.ratio;
      if (expanded > limit.bytes || tooDense) {
        const allowed = Math.min(limit.bytes, Math.max(RATIO_APPLIES_FROM, compressedBytes * limit.ratio));
        done(
          new Fault(
            'file_expands_too_far',
            `${delivery.name} expands to more than ${allowed} bytes, the limit for ${compressedBytes} compressed bytes. If this is correct, deliver it uncompressed.`,
          ),
        );
      } else {
        done(null, chunk);
      }
    },
  });
}

function asFault(error: unknown, delivery: Delivery): Error {
  if (error instanceof Fault) {
    return error;
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EIO' || code === 'EDQUOT') {
    return new Failure(
      'disk_failed',
      `${delivery.name} could not be expanded: ${messageOf(error)}. Free disk space and try again.`,
      {
        cause: error,
      },
    );
  }
  const cut = code === 'Z_BUF_ERROR' ? 'is cut short' : 'is damaged';
  return new Fault(
    'file_damaged',
    `The compressed file ${delivery.name} ${cut} (${messageOf(error)}). Nothing was loaded. Ask the vendor for the file again.`,
    { cause: error },
  );
}
