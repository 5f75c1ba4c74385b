import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** From here on a thread is worth its 30 ms to start: below, the file is hashed faster than that. */
const THREAD_FROM_BYTES = 16 * 1024 * 1024;

/**
 * The thread's program, as text: the same in tests, which run from TypeScript, and when built. It reads the open file by
 * itself, from the system's cache as a rule, so that nothing is handed from thread to thread.
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

/** A checksum in the making. */
export interface Checksum {
  /** Sees every byte of the file, in order. */
  update(bytes: Buffer): void;
  /** SHA-256 of the file, hexadecimal. */
  digest(): Promise<string>;
  /** Ends the work, whether the checksum is there or not; the file may be closed then. */
  end(): Promise<void>;
}

/**
 * Hashes a file while it is read for something else; a large one on a thread of its own, since finding records
 * and hashing them cost about the same and two cores are there.
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
  digest.catch(() => undefined); // told to whoever asks for the digest
  return { update: () => undefined, digest: () => digest, end: async () => void (await worker.terminate()) };
}
