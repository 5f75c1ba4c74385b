import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { recordColumn } from '../extract/extraction.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { parentKeys } from './close-missing-links.js';
import { keepsVersions, list, type MergeCounts, sameKey, target, valueColumns } from './merge.js';

/** What one file has for some keys. */
export interface Observation {
  readonly fileId: number;
  readonly period: string;
  /** A select of the key, the values and `_record`, one row per key; columns that the file was not read for are null. */
  readonly rows: string;
  /** Whether a changed value opened a new version when the file was read; otherwise the first mention stays. */
  readonly versions: boolean;
  /** A select of the parents whose links the file lists completely; null when missing links are not retired. */
  readonly parents: string | null;
}

/**
 * Writes the history of some keys again from all observations of them, and changes only the rows that differ. This is how a
 * file is merged that comes after a file of a later period. Each observation is one point in the vendor's time; consecutive
 * points with the same values are one version. An active retirement is a point at which the key is absent; it sorts after all
 * files of its period. A row that no observation supports any more stays, closed and without a record number.
 * @param keys a relation with the plan's key fields, without duplicates
 */
export async function mergeHistory(
  client: PoolClient,
  plan: TablePlan,
  keys: string,
  observations: readonly Observation[],
): Promise<MergeCounts> {
  await client.query(
    `/* warehouse.create_history */ create temporary table history on commit drop as ${historyOf(plan, keys, observations)}`,
  );
  await client.query('/* warehouse.analyze_history */ analyze pg_temp.history');
  await client.query(
    `/* warehouse.pair_history */ create temporary table paired on commit drop as ${pairing(plan, keys)}`,
  );
  await client.query('/* warehouse.analyze_paired */ analyze pg_temp.paired');
  const columns = list([...plan.keys, ...valueColumns(plan)]);
  const set = `
    ${valueColumns(plan)
      .map(({ field }) => `${identifier(field)} = p.${identifier(field)},`)
      .join(' ')}
    file_id = p.file_id, record_number = p.record_number, valid_from = p.valid_from, valid_to = p.valid_to`;
  // Rows that stop being live come first, because a unique index allows one live row per key.
  const closed = await client.query(
    `/* warehouse.close_history */
     update ${target(plan)} t set ${set}, deleted = true, deleted_date = coalesce(t.deleted_date, now())
     from pg_temp.paired p where t.ctid = p.row_id and t.tableoid = p.row_table and p.valid_from is not null and not p.live`,
  );
  await client.query(
    `/* warehouse.void_history */
     update ${target(plan)} t
     set valid_to = t.valid_from, record_number = null, deleted = true, deleted_date = coalesce(t.deleted_date, now())
     from pg_temp.paired p where t.ctid = p.row_id and t.tableoid = p.row_table and p.valid_from is null`,
  );
  await client.query(
    `/* warehouse.keep_live */
     update ${target(plan)} t set ${set}, deleted = false, deleted_date = null
     from pg_temp.paired p where t.ctid = p.row_id and t.tableoid = p.row_table and p.live`,
  );
  const standard = plan.tableType === 'reference';
  const inserted = await client.query(
    `/* warehouse.insert_history */
     insert into ${target(plan)} (${columns}, file_id, record_number, valid_from, valid_to, deleted, deleted_date${standard ? ', standard' : ''})
     select ${columns}, file_id, record_number, valid_from, valid_to, not live, case when not live then now() end${standard ? ', false' : ''}
     from pg_temp.paired where row_id is null`,
  );
  await client.query('/* warehouse.drop_history */ drop table pg_temp.history, pg_temp.paired');
  return { inserted: inserted.rowCount ?? 0, closed: closed.rowCount ?? 0 };
}

/** A select of the versions that follow from the observations and retirements. */
function historyOf(plan: TablePlan, keys: string, observations: readonly Observation[]): string {
  const keyList = list(plan.keys);
  const values = valueColumns(plan);
  const columns = [...plan.keys, ...values];
  const observed = observations.map(
    ({ fileId, period, rows, versions }) => `
      select ${list(columns, 'o')}, o.${recordColumn} as record_number, ${fileId} as file_id,
             ${literal(period)}::date as period, false as absent, ${versions} as versions
      from (${rows}) o join ${keys} k on ${sameKey(plan, 'k', 'o')}`,
  );
  const nothing = [
    list(plan.keys, 'k'),
    ...values.map(({ catalogName }) => `null::${catalogName}`),
    'null::integer',
  ].join(', ');
  const leftOut = observations.flatMap(({ fileId, period, rows, parents }) =>
    parents === null
      ? []
      : [
          `
      select ${nothing}, ${fileId}, ${literal(period)}::date, true, false
      from ${keys} k join (${parents}) p
        on ${parentKeys(plan)
          .map(({ field }) => `p.${identifier(field)} = k.${identifier(field)}`)
          .join(' and ')}
      where not exists (select from (${rows}) o where ${sameKey(plan, 'o', 'k')})`,
        ],
  );
  const retired = `
      select ${nothing}, null::integer, (r.period || '-01')::date, true, false
      from support.retirement r join ${keys} k
        on ${plan.keys.map(({ field }) => `r.row_key ->> ${literal(field)} = k.${identifier(field)}::text`).join(' and ')}
      where r.table_name = ${literal(plan.table)} and r.restored_date is null and r.period is not null`;
  const changed = values
    .map(({ field }) => `or ${identifier(field)} is distinct from lag(${identifier(field)}) over points`)
    .join(' ');
  // A retirement has no file id and sorts after the files of its period. Where the first mention stays, further mentions are
  // not points in the vendor's time.
  const inOrder = `partition by ${keyList} order by period, file_id nulls last`;
  return `
    with observed as (${[...observed, ...leftOut, retired].join('\n      union all')}),
    followed as (
      select *, lag(absent) over (${inOrder}) is distinct from false as opens from observed
    ),
    begun as (
      select *, lag(absent) over points is distinct from absent ${changed} as begins
      from followed where versions or absent or opens window points as (${inOrder})
    ),
    versions as (
      select *, lead(period) over (${inOrder}) as next_period from begun where begins
    )
    select ${list(columns)}, record_number, file_id, period as valid_from, next_period as valid_to,
           next_period is null as live
    from versions where not absent`;
}

/**
 * A select that pairs each version with the row that holds it, so that rows keep their identity: first by the file that began
 * the version, then, for a version whose beginning moved, by its values. Rows without a version and versions without a row stay
 * unpaired; pairs that agree are left out.
 */
function pairing(plan: TablePlan, keys: string): string {
  const values = valueColumns(plan);
  const columns = [...plan.keys, ...values];
  const known = plan.tableType === 'reference' ? 'and not t.standard' : '';
  const same = values
    .map(({ field }) => `and h.${identifier(field)} is not distinct from e.${identifier(field)}`)
    .join(' ');
  // Where the first mention stays, each key has one row, whatever its values are.
  const whole = keepsVersions(plan);
  const rank = (order: string) =>
    `row_number() over (partition by ${list(whole ? columns : plan.keys)} order by ${order})`;
  return `
    with existing as (
      select t.ctid as row_id, t.tableoid as row_table, ${list(columns, 't')}, t.file_id, t.record_number,
             t.valid_from, t.valid_to, t.deleted
      from ${target(plan)} t join ${keys} k on ${sameKey(plan, 't', 'k')}
      where (t.record_number is not null or exists (
        select from pg_temp.history h where ${sameKey(plan, 'h', 't')} and h.file_id = t.file_id)) ${known}
    ),
    by_file as (
      select e.row_id, e.row_table, h.*,
             h.valid_from = e.valid_from and h.valid_to is not distinct from e.valid_to and h.live = not e.deleted
             and h.record_number is not distinct from e.record_number ${same} as agrees
      from pg_temp.history h join existing e on ${sameKey(plan, 'h', 'e')} and h.file_id = e.file_id
    ),
    rows_left as (
      select *, ${rank('deleted, valid_from desc')} as place from existing e
      where not exists (select from by_file b where b.row_id = e.row_id and b.row_table = e.row_table)
    ),
    versions_left as (
      select *, ${rank('live desc, valid_from desc')} as place from pg_temp.history h
      where not exists (select from by_file b where ${sameKey(plan, 'b', 'h')} and b.file_id = h.file_id)
    )
    select row_id, row_table, ${list(columns)}, file_id, record_number, valid_from, valid_to, live
    from by_file where not agrees
    union all
    select e.row_id, e.row_table, ${list(columns, 'h')}, h.file_id, h.record_number, h.valid_from, h.valid_to, h.live
    from versions_left h full join rows_left e on ${sameKey(plan, 'h', 'e')} and h.place = e.place ${whole ? same : ''}`;
}
