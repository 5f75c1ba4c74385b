import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseLiteral } from '../../../src/warehouse/literal/parse.js';
import { canonical } from './canonical.js';

interface Vectors {
  written: [text: string, canonical: string][];
  damaged: [text: string, canonical: string | null][];
}

const committed = fileURLToPath(new URL('vectors.json.gz', import.meta.url));
const script = fileURLToPath(new URL('vectors.py', import.meta.url));
const python = spawnSync('python3', ['--version']).status === 0;
if (!python) process.stderr.write('SKIPPED: fresh literal vectors need python3, which is not here.\n');

/** Our reading in canonical form, or null when the text is refused. */
function read(text: string): string | null {
  const result = parseLiteral(text);
  return result.ok ? canonical(result.value) : null;
}

function differences(vectors: Vectors): unknown[] {
  return vectors.written
    .map(([text, expected]) => ({ text, expected, ours: read(text) }))
    .filter(({ expected, ours }) => ours !== expected);
}

/** Damaged texts that we read, and Python does not or otherwise. */
function guesses(vectors: Vectors): unknown[] {
  return vectors.damaged
    .map(([text, expected]) => ({ text, expected, ours: read(text) }))
    .filter(({ expected, ours }) => ours !== null && ours !== expected);
}

describe('literals that Python wrote', () => {
  const vectors = JSON.parse(gunzipSync(readFileSync(committed)).toString()) as Vectors;

  it('10,000 committed ones are read as ast.literal_eval reads them', () => {
    expect(vectors.written).toHaveLength(10_000);
    expect(differences(vectors)).toEqual([]);
  });

  it('with one character damaged are refused, or read as ast.literal_eval still reads them', () => {
    expect(vectors.damaged.filter(([, expected]) => expected === null).length).toBeGreaterThan(500);
    expect(vectors.damaged.filter(([text]) => read(text) !== null).length).toBeGreaterThan(500);
    expect(guesses(vectors)).toEqual([]);
  });

  it.skipIf(!python)('10,000 fresh ones are read as ast.literal_eval reads them, damaged or not', () => {
    const seed = String(1 + Math.floor(Math.random() * 1e9));
    const output = execFileSync('python3', [script, '--seed', seed], {
      maxBuffer: 1 << 28,
      encoding: 'utf8',
    });
    const fresh = JSON.parse(output) as Vectors;
    expect(fresh.written, `seed ${seed}`).toHaveLength(10_000);
    expect(differences(fresh), `seed ${seed}`).toEqual([]);
    expect(guesses(fresh), `seed ${seed}`).toEqual([]);
  });
});
