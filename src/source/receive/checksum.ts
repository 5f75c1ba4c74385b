import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** Smaller files are hashed faster than a thread starts (30 ms). */
const THREAD_FROM_BYTES = 16 * 1024 * 1024;

/**
 * The thread's program, as text, so that it works in tests, which run from TypeScript, and when built. It reads the open file
 * itself, usually from the system's cache, so that no data passes between threads.
 */
const program = `
const { createHash } = require('node:crypto');
const { readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const hash = createHash('sha256');
const bytes = Buffer.allocUnsafeSlow(1024 * 1024);
for (let at = 0, read; (read = readSync(workerData, bytes, 0, bytes.length, at)) > 0; at += read) {
  hash.update(bytes.subarray(0, read));
}
parentPort.postMessage(hash.digest('hex'));
`;

/** A checksum that is being computed. */
export interface Checksum {
  /** Receives every byte of the file, in order. */
  update(bytes: Buffer): void;
  /** SHA-256 of the file, hexadecimal. */
  digest(): Promise<string>;
  /** Ends the work, with or without a result. Afterwards the file may be closed. */
  end(): Promise<void>;
}

/**
 * Hashes a file while it is scanned. A large file is hashed on a separate thread, since finding records and hashing take about
 * the same time.
 */
export function startChecksum(file: FileHandle, sizeBytes: number): Checksum {
  if (sizeBytes < THREAD_FROM_BYTES) {
    const hash = createHash('sha256');
    return {
      update: (bytes) => void hash.update(bytes),
      digest: async () => hash.digest('hex'),
      end: async () => undefined,
    };
  }
  const worker = new Worker(program, {
    eval: true,
    workerData: file.fd,
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  const digest = new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  digest.catch(() => undefined); // reported by `digest`
  return { update: () => undefined, digest: () => digest, end: async () => void (await worker.terminate()) };
}
