import type { Pool, PoolClient } from 'pg';
import { recordAudit } from '../../database/audit-ledger.js';
import { identifier, literal } from '../../database/identifier.js';
import { ledger } from '../../database/prisma-client.js';
import { isStorable } from '../../database/storable-text.js';
import { Fault } from '../../fault.js';
import type { Cleaning, PersonalDataKey } from '../extract/cleaning.js';
import { readTransformedFiles } from '../extract/source-file.js';
import { rewriteHistory } from '../history/late-arriving-file.js';
import { list, sameKey, target } from '../history/merge.js';
import { removeStandardCodes, reopenStandardCodes } from '../history/standard-codes.js';
import { fieldTypes } from '../mapping/field-types.js';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';
import { lockTable } from '../tables/table-lock.js';
import { dropUnfinished } from '../tables/work-tables.js';

/** The natural key of one row: the text of each key field. */
export type RowKey = Readonly<Record<string, string>>;

/** Rows to be retired or restored, by whom and why. */
export interface RetirementRequest {
  readonly table: string;
  readonly keys: readonly RowKey[];
  readonly reason: string;
  readonly actor: string;
  readonly runId?: string | null;
}

/**
 * Reads a key as users write it: `18`, `862,16` in the order of the key fields, or `movie_id=862,genre_id=16`.
 * @throws Fault `table_not_mapped`, `key_not_readable`
 */
export function parseRowKey(mapping: Mapping, table: string, text: string): RowKey {
  const { keys } = planOf(mapping, table);
  const names = keys.map(({ field }) => field);
  const parts = text.split(',').map((part) => part.trim());
  const named = parts.map((part) => /^([A-Za-z]\w*)=(.*)$/s.exec(part));
  const entries = named.every((match) => match !== null && names.includes(match[1]!))
    ? named.map((match) => [match![1]!, match![2]!] as const)
    : parts.map((part, index) => [names[index] ?? '', part] as const);
  const key = Object.fromEntries(entries);
  if (entries.length !== names.length || names.some((name) => !key[name])) {
    throw new Fault(
      'key_not_readable',
      `${JSON.stringify(text)} is not a valid key for ${table}, expected the values of ${names.join(',')} in this order, or ${names.map((name) => `${name}=…`).join(',')}.`,
    );
  }
  return key;
}

type WhichRows = Pick<RetirementRequest, 'table' | 'keys'>;

/**
 * Makes sure that rows can be retired.
 * @returns the number of rows; a key given twice is one row
 * @throws Fault `table_not_mapped`, `key_not_readable`, `key_not_live`
 */
export function requireLive(client: PoolClient, mapping: Mapping, which: WhichRows): Promise<number> {
  return requireEach(client, mapping, which, {
    found: (plan) => `select from ${target(plan)} t where ${sameKey(plan, 't', 'k')} and not t.deleted`,
    refusal: (absent) =>
      new Fault(
        'key_not_live',
        `${which.table} has no live row ${absent}. Nothing was retired; check the key and try again.`,
      ),
  });
}

/**
 * Makes sure that rows can be restored.
 * @returns the number of rows, as `requireLive`
 * @throws Fault `table_not_mapped`, `key_not_readable`, `key_not_retired`
 */
export function requireRetired(client: PoolClient, mapping: Mapping, which: WhichRows): Promise<number> {
  return requireEach(client, mapping, which, {
    found: (plan) =>
      `select from support.retirement r
       where r.table_name = ${literal(plan.table)} and r.restored_date is null and r.row_key = ${keyObject(plan, 'k')}`,
    refusal: (absent) =>
      new Fault(
        'key_not_retired',
        `${which.table} has no retired row ${absent}. Nothing was restored; check the key and try again.`,
      ),
  });
}

/** Creates `pg_temp.key` with the keys. @throws the refusal when a key has no match */
async function requireEach(
  client: PoolClient,
  mapping: Mapping,
  { table, keys }: WhichRows,
  { found, refusal }: { found: (plan: TablePlan) => string; refusal: (absent: string) => Fault },
): Promise<number> {
  const plan = planOf(mapping, table);
  const count = await createKeys(client, plan, keys);
  const { rows: absent } = await client.query(
    `/* warehouse.absent_keys */
     select ${list(plan.keys, 'k')} from pg_temp.key k where not exists (${found(plan)}) limit 5`,
  );
  if (absent.length > 0) throw refusal(absent.map((row) => JSON.stringify(row)).join(', '));
  return count;
}

/**
 * Retires live rows manually, from the newest period of their table on. They stop being live, also in every rebuild, until they
 * are restored or a file of a later period has their key again. A code of a standard stays retired until it is restored,
 * because files do not decide which codes exist. Retires all of the rows or none.
 * @throws Fault `table_not_mapped`, `key_not_readable`, `key_not_live`
 */
export async function retireRows(
  client: PoolClient,
  mapping: Mapping,
  request: RetirementRequest,
): Promise<{ retired: number; period: string }> {
  const plan = planOf(mapping, request.table);
  await lockTable(client, plan);
  const retired = await requireLive(client, mapping, request);
  const files = await readTransformedFiles(client, plan);
  const period = files.at(-1)?.period.slice(0, 7);
  if (period === undefined) {
    throw new Fault(
      'key_not_live',
      `${plan.table} has no rows from any file yet; load a file before retiring rows.`,
    );
  }
  await client.query(
    `/* warehouse.insert_retirement */
     insert into support.retirement (table_name, row_key, period, reason, actor)
     select $1, ${keyObject(plan, 'k')}, $2, $3, $4 from pg_temp.key k`,
    [plan.table, period, request.reason, request.actor],
  );
  await closeRetired(client, plan, period);
  await recordAudit(client, {
    outcome: 'done',
    ...changeOf(request),
    action: 'warehouse.retire',
    arguments: { ...argumentsOf(request), period },
  });
  await dropKeys(client);
  return { retired, period };
}

/**
 * Restores retired rows: their history becomes what the files contain, as if they had never been retired.
 * @throws Fault `table_not_mapped`, `key_not_readable`, `key_not_retired`
 */
export async function restoreRows(
  pool: Pool,
  client: PoolClient,
  mapping: Mapping,
  personalDataKey: PersonalDataKey,
  request: RetirementRequest,
): Promise<{ restored: number }> {
  const plan = planOf(mapping, request.table);
  await lockTable(client, plan);
  const restored = await requireRetired(client, mapping, request);
  await client.query(
    `/* warehouse.restore */
     update support.retirement r set restored_date = now(), restored_by = $2
     from pg_temp.key k
     where r.table_name = $1 and r.restored_date is null and r.row_key = ${keyObject(plan, 'k')}`,
    [plan.table, request.actor],
  );
  await reopenStandardCodes(client, plan, 'pg_temp.key');
  await removeStandardCodes(client, plan, 'pg_temp.key');
  const cleaning: Cleaning = { pool, client, plan, mapping, personalDataKey };
  await rewriteHistory(cleaning, await readTransformedFiles(client, plan));
  await dropUnfinished(client, plan);
  await recordAudit(client, {
    outcome: 'done',
    ...changeOf(request),
    action: 'warehouse.restore',
    arguments: argumentsOf(request),
  });
  await dropKeys(client);
  return { restored };
}

/** Closes the live rows that were retired in this period. A file of a later period opens them again when it has their key. */
export async function closeRetired(client: PoolClient, plan: TablePlan, period: string): Promise<void> {
  const matches = plan.keys.map(
    ({ field, type }) =>
      `t.${identifier(field)} = (r.row_key ->> ${literal(field)})::${fieldTypes[type]!.catalogName}`,
  );
  await client.query(
    `/* warehouse.close_retired */
     update ${target(plan)} t set valid_to = ($2 || '-01')::date, deleted = true, deleted_date = now()
     from support.retirement r
     where r.table_name = $1 and r.period = $2 and r.restored_date is null and not t.deleted and ${matches.join(' and ')}`,
    [plan.table, period],
  );
}

/** The periods of the active retirements of a table, the oldest first. */
export async function retirementPeriods(client: PoolClient, plan: TablePlan): Promise<string[]> {
  const { retirement } = await ledger(client);
  const rows = await retirement.findMany({
    select: { period: true },
    where: { table_name: plan.table, restored_date: null, period: { not: null } },
    distinct: ['period'],
    orderBy: { period: 'asc' },
  });
  return rows.map(({ period }) => period!);
}

function planOf(mapping: Mapping, table: string): TablePlan {
  const plan = mapping.tables.get(table);
  if (plan) return plan;
  throw new Fault(
    'table_not_mapped',
    `The mapping fills no table ${table}, expected one of ${[...mapping.tables.keys()].join(', ')}.`,
  );
}

/** Creates `pg_temp.key` with the keys, cast to their types. @returns the number of distinct keys */
async function createKeys(client: PoolClient, plan: TablePlan, keys: readonly RowKey[]): Promise<number> {
  if (!keys.every((key) => Object.values(key).every(isStorable))) throw unreadable(plan);
  const columns = plan.keys.map(
    ({ field, type }) =>
      `${fieldTypes[type]!.guarded(`(value ->> ${literal(field)})`)} as ${identifier(field)}`,
  );
  const { rowCount: count } = await client.query(
    `/* warehouse.create_keys */ create temporary table key on commit drop as
     select distinct ${columns.join(', ')} from jsonb_array_elements(${literal(JSON.stringify(keys))}::jsonb) as listed (value)`,
  );
  const { rowCount } = await client.query(
    `/* warehouse.unreadable_keys */
     select from pg_temp.key where ${plan.keys.map(({ field }) => `${identifier(field)} is null`).join(' or ')}`,
  );
  if (rowCount !== 0 || keys.length === 0) throw unreadable(plan);
  return count!;
}

function unreadable(plan: TablePlan): Fault {
  return new Fault(
    'key_not_readable',
    `A key of ${plan.table} cannot be read, expected ${plan.keys.map(({ field, type }) => `${field} as ${type}`).join(' and ')}; correct it and try again.`,
  );
}

/** The key of a row as `support.retirement` stores it. */
function keyObject(plan: TablePlan, alias: string): string {
  const pairs = plan.keys.map(({ field }) => `${literal(field)}, ${alias}.${identifier(field)}::text`);
  return `jsonb_build_object(${pairs.join(', ')})`;
}

async function dropKeys(client: PoolClient): Promise<void> {
  await client.query('/* warehouse.drop_keys */ drop table pg_temp.key');
}

function changeOf({ actor, runId }: RetirementRequest) {
  return { actor, runId };
}

function argumentsOf({ table, keys, reason }: RetirementRequest) {
  return { table, keys: [...keys], reason };
}
