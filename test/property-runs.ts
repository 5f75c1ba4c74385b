import fc from 'fast-check';

/**
 * How much random testing a test run does, set by the environment:
 *
 * - `PROPERTY_RUNS`: the share of the full number of runs, above 0 and up to 1; 0.2 by default. Continuous integration sets 1.
 * - `PROPERTY_SEED`: the seed of all properties, so that a run can be repeated. By default each property takes its own and
 *   prints it when it fails.
 */
const { PROPERTY_RUNS: share = '0.2', PROPERTY_SEED: seed } = process.env;

if (!(Number(share) > 0 && Number(share) <= 1)) {
  throw new Error(`PROPERTY_RUNS is ${share}, expected a number above 0 and up to 1.`);
}
if (seed !== undefined) {
  if (!/^-?\d{1,10}$/.test(seed)) throw new Error(`PROPERTY_SEED is ${seed}, expected a whole number.`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
}

/** The number of runs for a property that has `full` runs in continuous integration. */
export function propertyRuns(full: number): number {
  return Math.ceil(full * Number(share));
}

/**
 * The cases of an exhaustive test that one test run goes through: all in continuous integration, else a share of them, spread
 * evenly from a random start.
 */
export function propertyCases<Case>(all: readonly Case[]): Case[] {
  const start = Math.floor(Math.random() * all.length);
  return Array.from(
    { length: propertyRuns(all.length) },
    (_, index) => all[(start + Math.floor(index / Number(share))) % all.length]!,
  );
}

/**
 * Where an exhaustive test starts to count its cases from 1, and how far apart those are that it goes through: all of them in
 * continuous integration.
 */
export function propertySteps(): [first: number, step: number] {
  const step = Math.round(1 / Number(share));
  return [1 + Math.floor(Math.random() * step), step];
}
