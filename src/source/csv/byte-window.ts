import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;

/** Processes a window and returns how many of its bytes it has consumed. */
export type WindowVisitor = (window: Buffer, to: number, final: boolean) => number | Promise<number>;

/**
 * Reads `[start, end)` of a file window by window. Bytes that the visitor has not consumed come first in the next window; the
 * window grows only while a single record does not fit.
 *
 * @param onBytes receives every byte once, in order, before the visitor does
 */
export async function readWindows(
  file: FileHandle,
  range: { start: number; end: number },
  visit: WindowVisitor,
  onBytes?: (bytes: Buffer) => void,
): Promise<void> {
  let window = Buffer.allocUnsafeSlow(Math.min(2 * CHUNK_BYTES, Math.max(range.end - range.start, 1)));
  let held = 0;
  let position = range.start;
  for (;;) {
    const wanted = Math.min(window.length - held, range.end - position);
    const { bytesRead } = await file.read(window, held, wanted, position);
    onBytes?.(window.subarray(held, held + bytesRead));
    held += bytesRead;
    position += bytesRead;
    const final = position >= range.end || bytesRead === 0;
    if (!final && held < window.length && held < CHUNK_BYTES) {
      continue;
    }
    const consumed = await visit(window, held, final);
    if (final) {
      return;
    }
    window.copyWithin(0, consumed, held);
    held -= consumed;
    if (held > window.length / 2) {
      const larger = Buffer.allocUnsafeSlow(window.length * 2);
      window.copy(larger, 0, 0, held);
      window = larger;
    }
  }
}
