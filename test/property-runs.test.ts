import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readTestFiles } from './test-projects.js';

const call = ['fc', '.assert('].join('');

/** The calls of `fc.assert` in a text, each with its arguments. */
function assertsIn(text: string): string[] {
  return [...text.matchAll(/\bfc\.assert\(/g)].map(({ index }) => {
    let open = 0;
    for (let place = index; place < text.length; place += 1) {
      if (text[place] === '(') open += 1;
      if (text[place] === ')') open -= 1;
      if (text[place] === ')' && open === 0) return text.slice(index, place + 1);
    }
    return text.slice(index);
  });
}

describe('the number of runs of a property', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it.each([
    ['1', 24, 24],
    ['0.2', 24, 5],
    ['0.2', 2000, 400],
    ['0.001', 8, 1],
    [undefined, 10, 2],
  ])('with PROPERTY_RUNS=%s is, of %i, %i', async (share, full, runs) => {
    vi.stubEnv('PROPERTY_RUNS', share);
    vi.resetModules();
    const { propertyRuns } = await import('./property-runs.js');
    expect(propertyRuns(full)).toBe(runs);
  });

  it.each(['0', '2', '-1', 'many', ''])('is refused with PROPERTY_RUNS=%s', async (share) => {
    vi.stubEnv('PROPERTY_RUNS', share);
    vi.resetModules();
    await expect(import('./property-runs.js')).rejects.toThrow(
      `PROPERTY_RUNS is ${share}, expected a number above 0 and up to 1.`,
    );
  });

  it.each([
    ['1', 7, 7],
    ['0.2', 7, 2],
    ['0.2', 1, 1],
    ['0.3', 100, 30],
  ])(
    'with PROPERTY_RUNS=%s is, of %i cases that are gone through one by one, %i different ones',
    async (share, full, runs) => {
      vi.stubEnv('PROPERTY_RUNS', share);
      vi.resetModules();
      const { propertyCases } = await import('./property-runs.js');
      const cases = propertyCases(Array.from({ length: full }, (_, index) => index));
      expect(cases).toHaveLength(runs);
      expect(new Set(cases).size).toBe(runs);
      expect(cases.filter((each) => each === undefined)).toEqual([]);
    },
  );

  it.each([
    ['1', 1],
    ['0.2', 5],
    ['0.3', 3],
  ])('with PROPERTY_RUNS=%s is that of every case number %i, from one of the first', async (share, apart) => {
    vi.stubEnv('PROPERTY_RUNS', share);
    vi.resetModules();
    const { propertySteps } = await import('./property-runs.js');
    const [first, step] = propertySteps();
    expect(step).toBe(apart);
    expect(first).toBeGreaterThanOrEqual(1);
    expect(first).toBeLessThanOrEqual(step);
  });

  it('is scaled by PROPERTY_RUNS in every test', () => {
    const files = readTestFiles(fileURLToPath(new URL('..', import.meta.url)));
    const unscaled = files.flatMap(({ path, text }) =>
      assertsIn(text)
        .filter((each) => !/numRuns: propertyRuns\(\d+\)/.test(each))
        .map((each) => `${path}: ${each.slice(0, 80)}`),
    );
    expect(unscaled).toEqual([]);
    expect(files.flatMap(({ text }) => assertsIn(text)).length).toBeGreaterThan(20);
  });

  it('is found where it is not scaled', () => {
    expect(assertsIn(`${call}property(a), { numRuns: 5 }); other(b)`)).toEqual([
      `${call}property(a), { numRuns: 5 })`,
    ]);
  });
});
