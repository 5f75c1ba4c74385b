import type { Pool, PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { isStorable } from '../../database/storable-text.js';
import { Fault } from '../../fault.js';
import type { Cleaning, PersonalDataKey } from '../extract/cleaning.js';
import { readTransformedFiles } from '../extract/source-file.js';
import { rewriteHistory } from '../history/late-arriving-file.js';
import { list, sameKey, target } from '../history/merge.js';
import { dropStandardCodes, reopenStandardCodes } from '../history/standard-codes.js';
import { fieldTypes } from '../mapping/field-types.js';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';
import { lockTable } from '../tables/table-lock.js';
import { dropUnfinished } from '../tables/work-tables.js';

/** The natural key of one row, field by field, as text. */
export type RowKey = Readonly<Record<string, string>>;

/** Rows that are to be retired or restored, by whom and why. */
export interface RetirementRequest {
  readonly table: string;
  readonly keys: readonly RowKey[];
  readonly reason: string;
  readonly actor: string;
  readonly runId?: string | null;
}

/**
 * Reads a key as a person writes it: `18`, `862,16` in the order of the key's fields, or `movie_id=862,genre_id=16`.
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
      `${JSON.stringify(text)} is no key of ${table}, expected ${names.join(',')} in this order, for example ${names.map((name) => `${name}=…`).join(',')}.`,
    );
  }
  return key;
}

type WhichRows = Pick<RetirementRequest, 'table' | 'keys'>;

/**
 * Makes sure that rows can be retired.
 * @returns how many they are: a key given twice names one
 * @throws Fault `table_not_mapped`, `key_not_readable`, `key_not_live`
 */
export function requireLive(client: PoolClient, mapping: Mapping, which: WhichRows): Promise<number> {
  return requireEach(client, mapping, which, {
    found: (plan) => `select from ${target(plan)} t where ${sameKey(plan, 't', 'k')} and not t.deleted`,
    refusal: (absent) =>
      new Fault(
        'key_not_live',
        `${which.table} has no live row ${absent}, so nothing was retired; look the key up and try again.`,
      ),
  });
}

/**
 * Makes sure that rows can be restored.
 * @returns how many they are, as of `requireLive`
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
        `${which.table} has no retired row ${absent}, so nothing was restored; look the key up and try again.`,
      ),
  });
}

/** Makes `pg_temp.key` of the keys and refuses those for which nothing is found. */
async function requireEach(
  client: PoolClient,
  mapping: Mapping,
  { table, keys }: WhichRows,
  { found, refusal }: { found: (plan: TablePlan) => string; refusal: (absent: string) => Fault },
): Promise<number> {
  const plan = planOf(mapping, table);
  const count = await makeKeys(client, plan, keys);
  const { rows: absent } = await client.query(
    `/* warehouse.absent_keys */
     select ${list(plan.keys, 'k')} from pg_temp.key k where not exists (${found(plan)}) limit 5`,
  );
  if (absent.length > 0) throw refusal(absent.map((row) => JSON.stringify(row)).join(', '));
  return count;
}

/**
 * Retires live rows by hand, from the newest period of their table on: they stop being live, and stay so in every rebuild,
 * until they are restored or a file of a later period names their key again; a code of a standard until it is restored,
 * since files do not say whether there is one. All or nothing.
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
    throw new Fault('key_not_live', `No file was cleaned into ${plan.table} yet; load one before retiring.`);
  }
  await client.query(
    `/* warehouse.insert_retirement */
     insert into support.retirement (table_name, row_key, period, reason, actor)
     select $1, ${keyObject(plan, 'k')}, $2, $3, $4 from pg_temp.key k`,
    [plan.table, period, request.reason, request.actor],
  );
  await closeRetired(client, plan, period);
  await noteAudit(client, 'warehouse.retire', request, { period });
  await client.query('drop table pg_temp.key');
  return { retired, period };
}

/**
 * Takes retirements back: the rows' history becomes what the files said, as if they had never been retired.
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
  await dropStandardCodes(client, plan, 'pg_temp.key');
  const cleaning: Cleaning = { pool, client, plan, mapping, personalDataKey };
  await rewriteHistory(cleaning, await readTransformedFiles(client, plan));
  await dropUnfinished(client, plan);
  await noteAudit(client, 'warehouse.restore', request, {});
  await client.query('drop table pg_temp.key');
  return { restored };
}

/** Closes the live rows that retirements of this period name. What files of later periods say opens them again. */
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

/** The periods of a table's retirements that hold, oldest first. */
export async function retirementPeriods(client: PoolClient, plan: TablePlan): Promise<string[]> {
  const { rows } = await client.query<{ period: string }>(
    `/* warehouse.retirement_periods */
     select distinct period from support.retirement
     where table_name = $1 and restored_date is null and period is not null order by period`,
    [plan.table],
  );
  return rows.map((row) => row.period);
}

function planOf(mapping: Mapping, table: string): TablePlan {
  const plan = mapping.tables.get(table);
  if (plan) return plan;
  throw new Fault(
    'table_not_mapped',
    `The mapping fills no table ${table}; name one of ${[...mapping.tables.keys()].join(', ')}.`,
  );
}

/** Makes `pg_temp.key` of the keys, cast to their types; how many they are. */
async function makeKeys(client: PoolClient, plan: TablePlan, keys: readonly RowKey[]): Promise<number> {
  if (!keys.every((key) => Object.values(key).every(isStorable))) throw unreadable(plan);
  const columns = plan.keys.map(
    ({ field, type }) =>
      `${fieldTypes[type]!.guarded(`(value ->> ${literal(field)})`)} as ${identifier(field)}`,
  );
  const { rowCount: count } = await client.query(
    `/* warehouse.keys */ create temporary table key on commit drop as
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

/** A row's key as `support.retirement` keeps it. */
function keyObject(plan: TablePlan, alias: string): string {
  const pairs = plan.keys.map(({ field }) => `${literal(field)}, ${alias}.${identifier(field)}::text`);
  return `jsonb_build_object(${pairs.join(', ')})`;
}

async function noteAudit(
  client: PoolClient,
  action: string,
  { table, keys, reason, actor, runId }: RetirementRequest,
  more: object,
): Promise<void> {
  await client.query(
    `/* warehouse.note_retirement */
     insert into support.audit_event (actor, action, arguments, outcome, run_id) values ($1, $2, $3, 'done', $4)`,
    [actor, action, JSON.stringify({ table, keys, reason, ...more }), runId ?? null],
  );
}
