import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/package-root.js';
import { defaultRecordLimits } from '../../../src/source/record-limits.js';
import { things, useFolder } from '../loading.js';

// The compiled modules: what vitest makes of the source takes ten times as long for each byte.
const compiled = (path: string) => join(packageRoot, 'dist', 'src', 'source', path);
const { readPart }: typeof import('../../../src/source/csv/record-reader.js') = await import(
  compiled('csv/record-reader.js')
);
const { scanFile }: typeof import('../../../src/source/receive/scan.js') = await import(
  compiled('receive/scan.js')
);

const folder = useFolder();
const MEGABYTE = 1024 * 1024;

/** Writes a file of `megabytes`, made of a header and pieces. */
async function writeLarge(megabytes: number, piece: (index: number) => string): Promise<string> {
  const path = join(await mkdtemp(join(folder.path, 'large-')), 'things.csv');
  await using file = await open(path, 'w');
  await file.write('id,Name,note\n');
  let text = '';
  for (let index = 0, written = 0; written < megabytes * MEGABYTE; index++) {
    text += piece(index);
    if (text.length >= MEGABYTE) {
      await file.write(text);
      written += text.length;
      text = '';
    }
  }
  return path;
}

/** Surveys a file and reads it record by record; gives the most memory that took, in MB beyond what was in use before. */
async function readLarge(path: string): Promise<{ megabytes: number; good: number; reasons: string[] }> {
  await using file = await open(path);
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  const scanned = await scanFile(file, things, 'things.csv', { limits: defaultRecordLimits });
  let good = 0;
  const reasons: string[] = [];
  for (const part of scanned.parts) {
    await readPart(
      { file, part, header: scanned.header, limits: defaultRecordLimits },
      async (kept, rejected) => {
        good += kept.length;
        reasons.push(...rejected.map(({ reason }) => reason));
        most = Math.max(most, process.memoryUsage.rss());
      },
    );
  }
  clearInterval(timer);
  await rm(path);
  return { megabytes: (most - before) / MEGABYTE, good, reasons };
}

describe('memory', () => {
  it('does not grow with a record that never ends', async () => {
    const path = await writeLarge(200, (index) => (index === 0 ? '1,"open,' : 'x,y\nz '.repeat(1000)));
    const { megabytes, good, reasons } = await readLarge(path);
    expect(reasons).toEqual(['record_too_long']);
    expect(good).toBe(0);
    expect(megabytes).toBeLessThan(120);
  });

  it('does not grow with the file', async () => {
    const path = await writeLarge(200, (index) => `${index},"a name, quoted",${'n'.repeat(400)}\n`);
    const { megabytes, good, reasons } = await readLarge(path);
    expect(reasons).toEqual([]);
    expect(good).toBeGreaterThan(400_000);
    expect(megabytes).toBeLessThan(120);
  });
});
