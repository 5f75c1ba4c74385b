/**
 * Gives every property-based test the seed that `PROPERTY_SEED` names, so that a run can be had again. Without it each takes
 * one of its own, and prints it when it fails.
 */
const { PROPERTY_SEED: seed } = process.env;
if (seed !== undefined) {
  if (!/^-?\d{1,10}$/.test(seed)) throw new Error(`PROPERTY_SEED is ${seed}, expected a whole number.`);
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
}
