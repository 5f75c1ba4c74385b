import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Contributions, ReportDefinition } from './definition.js';

/**
 * SHA-256 of all that a definition says, its SQL included: another hash means that numbers may differ for no
 * other reason than the definition. Where its files lie does not count, nor what is said for tracing and causes alone.
 */
export async function definitionHash(definition: ReportDefinition): Promise<string> {
  const { sqlFile, checks, contributions, ...described } = definition;
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
  stocks,
  entityVersion: _entityVersion,
  sources: _sources,
  summed: _summed,
  besideHand: _besideHand,
  ...described
}: Contributions) {
  return {
    ...described,
    touched: await Promise.all(touched.map((file) => readFile(file, 'utf8'))),
    stocks: await Promise.all(
      stocks.map(async ({ sqlFile, ...stock }) => ({ ...stock, sql: await readFile(sqlFile, 'utf8') })),
    ),
  };
}
