import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Who wrote files: `marquee sample`, or anyone else. */
export type Origin = 'sample' | 'own';

/** Lists the files of a drop that is a sample. Drops do not contain hidden files, so it is not loaded. */
const mark = '.marquee-sample';

/** Whether a name in a folder is that of the mark. */
export function isSampleMark(name: string): boolean {
  return name === mark;
}

/** Marks a folder as a drop of the sample that consists of these files. */
export async function markAsSample(folder: string, names: readonly string[]): Promise<void> {
  const records = await Promise.all(
    names.map(async (name) => [name, await fingerprint(join(folder, name))] as const),
  );
  await writeFile(join(folder, mark), `${JSON.stringify(Object.fromEntries(records))}\n`);
}

/**
 * Whether all these files of a folder come from `marquee sample`. A user may have edited them: their first record shows that they
 * are not other files under the same names.
 */
export async function originOf(folder: string, names: readonly string[]): Promise<Origin> {
  const text = await readFile(join(folder, mark), 'utf8').catch(() => undefined);
  if (text === undefined) return 'own';
  const written = parseMark(text);
  for (const name of names) {
    const found = await fingerprint(join(folder, name)).catch(() => undefined);
    if (found === undefined || found !== written.get(name)) return 'own';
  }
  return 'sample';
}

/** A mark that was changed by hand marks nothing. */
function parseMark(text: string): Map<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(text) as object));
  } catch (error) {
    if (error instanceof SyntaxError) return new Map();
    throw error;
  }
}

/** The first line of the records is within these bytes. */
const fingerprintBytes = 64 * 1024;

/** A hash of the line after the header. */
async function fingerprint(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(fingerprintBytes), 0, fingerprintBytes, 0);
    const line = buffer.subarray(0, bytesRead).toString('latin1').split('\n', 2)[1] ?? '';
    return createHash('sha256').update(line).digest('hex');
  } finally {
    await file.close();
  }
}
