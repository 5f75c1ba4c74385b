import { describe, expect, it } from 'vitest';
import { parseLiteral } from '../../../src/warehouse/literal/parse.js';
import { canonical } from './canonical.js';
import { committedVectors, freshVectors, python, type Vectors } from './vectors.js';

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

/** Damaged texts that we read, and Python does not or otherwise. Without a comma between two dicts, a list is numpy's array. */
function guesses(vectors: Vectors): unknown[] {
  return vectors.damaged
    .filter(([text]) => !/\}\s+\{/.test(text))
    .map(([text, expected]) => ({ text, expected, ours: read(text) }))
    .filter(({ expected, ours }) => ours !== null && ours !== expected);
}

describe('literals that Python wrote', () => {
  const vectors = committedVectors();

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
    const { seed, vectors: fresh } = freshVectors();
    expect(fresh.written, `seed ${seed}`).toHaveLength(10_000);
    expect(differences(fresh), `seed ${seed}`).toEqual([]);
    expect(guesses(fresh), `seed ${seed}`).toEqual([]);
  });
});
