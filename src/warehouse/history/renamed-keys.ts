import type { PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { sameKey, target } from './merge.js';
import { stagedRows } from './staged-rows.js';

/** The keys of a file that were known before. */
export interface KnownKeys {
  readonly known: number;
  /** How many of them have another name in the file. */
  readonly renamed: number;
}

/**
 * Counts the staged rows whose key is live, and those of them that have another name. Call it before they are merged.
 *
 * @param nameField the field with the name of a row; nothing is counted without one, or if the mapping does not fill it
 */
export async function countKnownKeys(
  client: PoolClient,
  plan: TablePlan,
  nameField: string | undefined,
): Promise<KnownKeys> {
  if (nameField === undefined || !plan.attributes.some(({ field }) => field === nameField)) {
    return { known: 0, renamed: 0 };
  }
  const name = identifier(nameField);
  const { rows } = await client.query<KnownKeys>(
    `/* warehouse.count_known_keys */
     select count(*)::int as known, (count(*) filter (where t.${name} is distinct from o.${name}))::int as renamed
     from ${stagedRows} o join ${target(plan)} t on ${sameKey(plan, 't', 'o')} and not t.deleted`,
  );
  return rows[0]!;
}
