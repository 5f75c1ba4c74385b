import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';

/** What was retired or restored by hand between what two builds reflect, by the numbers of the retirements. */
export interface ByHand {
  readonly retired: readonly number[];
  readonly restored: readonly number[];
}

/** A row of the warehouse that was retired or restored by hand; its key field by field, as text. */
export interface RetirementCause {
  readonly kind: 'retired' | 'restored';
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  readonly by: string;
  readonly reason: string;
}

/**
 * What came to be in force and what no longer is. What counts is what the builds reflect, not when they were published: after
 * a rollback what was retired since is retired once more.
 */
export function byHandBetween(before: readonly number[], now: readonly number[]): ByHand {
  return {
    retired: now.filter((number) => !before.includes(number)),
    restored: before.filter((number) => !now.includes(number)),
  };
}

/** What was retired or restored, to be told where it cannot be told of which rows it is a cause. */
export async function retirementCauses(
  client: ClientBase,
  { retired, restored }: ByHand,
): Promise<RetirementCause[]> {
  const { rows } = await client.query<RetirementCause>(
    `/* reporting.retirement_causes */
     select case when restored then 'restored' else 'retired' end as kind, table_name as "table", row_key as key,
       actor as by, reason
     from (${handRows('$1', '$2')}) as hand
     order by id`,
    [retired, restored],
  );
  return rows;
}

/** A select of what was retired or restored; arrays of numbers are given as expressions. */
function handRows(retired: string, restored: string): string {
  return `
    select id, table_name, row_key, reason, id = any(${restored}::bigint[]) as restored,
      case when id = any(${restored}::bigint[]) then coalesce(restored_by, actor) else actor end as actor
    from support.retirement
    where id = any(${retired}::bigint[] || ${restored}::bigint[])`;
}

/**
 * Relations for the head of a query: `hand`, what was retired or restored, and `beside_hand`, by its `id` the entities whose
 * contributions it may have changed without being what they stand on.
 */
export async function handRelations(
  { contributions }: ReportDefinition,
  retired: string,
  restored: string,
): Promise<string> {
  const beside = contributions?.besideHand;
  const query =
    beside === undefined
      ? 'select null::bigint as id, null::integer as entity where false'
      : await readFile(beside, 'utf8');
  return `hand as materialized (${handRows(retired, restored)}),
    beside_hand as materialized (\n${query}\n)`;
}
