import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { VendorDrop } from '../oracle/drop-records.js';
import { type RandomDrop, writeDrops } from '../oracle/random-drops.js';

/** A folder for the files of drops, made before the tests and removed after them. */
export interface DropFolders {
  path: string;
  /** Writes drops as folders of files, and says where. */
  write(drops: readonly RandomDrop[]): Promise<VendorDrop[]>;
}

export function useDropFolders(): DropFolders {
  let written = 0;
  const folders: DropFolders = {
    path: '',
    write: (drops) => writeDrops(join(folders.path, `${written++}`), drops),
  };
  beforeAll(async () => {
    folders.path = await mkdtemp(join(tmpdir(), 'marquee-files-'));
  });
  afterAll(() => rm(folders.path, { recursive: true, force: true }));
  return folders;
}
