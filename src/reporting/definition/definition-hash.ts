import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Contributions, ReportDefinition } from './definition.js';

/**
 * SHA-256 of a definition, its SQL included: a different hash means that numbers may differ because of the definition alone.
 * Paths of files do not count, nor do the properties that are used for searches, traces and causes only.
 */
export async function definitionHash(definition: ReportDefinition): Promise<string> {
  const { sqlFile, checks, contributions, searchedNames: _searchedNames, ...described } = definition;
  const checked = await Promise.all(
    checks.map(async ({ sqlFile: file, ...check }) => ({ ...check, sql: await readFile(file, 'utf8') })),
  );
  const whole = {
    ...described,
    columns: described.columns.map(
      ({
        basis: _basis,
        ofLeftOut: _ofLeftOut,
        parts: _parts,
        followsFrom: _followsFrom,
        isAmongRows: _isAmongRows,
        ...column
      }) => column,
    ),
    sql: await readFile(sqlFile, 'utf8'),
    checks: checked,
    ...(contributions === undefined ? {} : { contributions: await contributionsHashed(contributions) }),
  };
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

async function contributionsHashed({
  touched,
  rollups,
  entityVersion: _entityVersion,
  sources: _sources,
  summed: _summed,
  sideEffects: _sideEffects,
  ...described
}: Contributions) {
  return {
    ...described,
    touched: await Promise.all(touched.map((file) => readFile(file, 'utf8'))),
    rollups: await Promise.all(
      rollups.map(async ({ sqlFile, ...rollup }) => ({ ...rollup, sql: await readFile(sqlFile, 'utf8') })),
    ),
  };
}
