import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Literals that Python wrote, and such with one character damaged, each with what Python reads from it. */
export interface Vectors {
  written: [text: string, canonical: string][];
  damaged: [text: string, canonical: string | null][];
}

const committed = fileURLToPath(new URL('vectors.json.gz', import.meta.url));
const script = fileURLToPath(new URL('vectors.py', import.meta.url));

export const python = spawnSync('python3', ['--version']).status === 0;
if (!python) process.stderr.write('SKIPPED: fresh literal vectors need python3, which is not here.\n');

export function committedVectors(): Vectors {
  return JSON.parse(gunzipSync(readFileSync(committed)).toString());
}

/** Others, and what they were made from. */
export function freshVectors(): { seed: string; vectors: Vectors } {
  const seed = String(1 + Math.floor(Math.random() * 1e9));
  const output = execFileSync('python3', [script, '--seed', seed], { maxBuffer: 1 << 28, encoding: 'utf8' });
  return { seed, vectors: JSON.parse(output) };
}
