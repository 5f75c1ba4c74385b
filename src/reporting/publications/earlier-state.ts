import type { ClientBase } from 'pg';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { columnList, quoted, sameKey, servedTable } from '../sql/table-names.js';

/** A publication as its row tells it. */
export interface EarlierPublication {
  readonly number: number;
  /** The newest one. */
  readonly latest: number;
}

/**
 * Makes sure that reports can be read as they were at a publication.
 * @throws Fault `nothing_published`, `publication_unknown` when there is none of that number; `publication_not_retained` when changes
 *   since are forgotten, with the earliest that can be read.
 */
export async function earlierPublication(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  number: number,
): Promise<EarlierPublication> {
  const { rows } = await client.query<{
    latest: number | null;
    known: boolean;
    fresh: string | null;
  }>(
    `/* reporting.earlier_publication */
     select
       (select max(number) from reporting.publication) as latest,
       exists (select from reporting.publication where number = $1) as known,
       (
         select max(report) from reporting.report_change
         where publication > $1 and report = any($2) and row_key = '{}'
       ) as fresh`,
    [number, definitions.map((definition) => definition.name)],
  );
  const { latest, known, fresh } = rows[0]!;
  if (latest === null) {
    throw new Fault('nothing_published', 'Nothing is published yet: ingest a drop first.');
  }
  if (!known) {
    throw new Fault(
      'publication_unknown',
      `There is no publication ${number}; the newest is ${latest}: see marquee publications.`,
    );
  }
  await requireRetained(client, definitions, number);
  if (fresh !== null) {
    throw new Fault(
      'report_not_published_then',
      `${fresh} was first published after publication ${number}; name a later one.`,
    );
  }
  return { number, latest };
}

/**
 * Makes sure that all changes since a publication are kept.
 * @throws Fault `publication_not_retained` with the earliest of which that can be said
 */
export async function requireRetained(
  client: Pick<ClientBase, 'query'>,
  definitions: readonly ReportDefinition[],
  number: number,
): Promise<void> {
  const { rows } = await client.query<{ earliest: number | null }>(
    `/* reporting.earliest_retained */
     -- A publication that changed rows of which no change is left was forgotten: nothing before it can be read.
     select max(later.number) as earliest
     from reporting.publication as later
     cross join jsonb_each(later.changes) as changed (report, counts)
     where later.number > $1
       and changed.report = any($2)
       and exists (select from jsonb_each_text(changed.counts) as count (name, rows) where count.rows::bigint > 0)
       and not exists (
         select from reporting.report_change as change
         where change.publication = later.number and change.report = changed.report
       )`,
    [number, definitions.map((definition) => definition.name)],
  );
  const { earliest } = rows[0]!;
  if (earliest !== null) {
    throw new Fault(
      'publication_not_retained',
      `Changes since publication ${number} are forgotten; the earliest that can be read is ${earliest}. How many are kept is RETAINED_PUBLICATIONS.`,
    );
  }
}

/**
 * A select of a report's rows as they were at a publication: today's, with every change since undone. Of a row that
 * changed, only its first changes since then tell what it was.
 */
export function rowsAt(definition: ReportDefinition, number: number): string {
  const table = servedTable(definition.name);
  const columns = definition.columns.map((column) => column.name);
  const key = columnList(definition.key, 'key');
  return `
    with change as materialized (
      select id, row_key, change, column_name, old_value
      from reporting.report_change
      where report = '${definition.name}' and publication > ${number}
    ),
    -- The first time the row came or went whole.
    whole as (
      select distinct on (row_key) row_key, id, change, old_value
      from change
      where change <> 'update'
      order by row_key, id
    ),
    first_cell as (
      select distinct on (change.row_key, change.column_name)
        change.row_key, change.column_name, change.old_value
      from change
      left join whole on whole.row_key = change.row_key
      where change.change = 'update' and (whole.id is null or change.id < whole.id)
      order by change.row_key, change.column_name, change.id
    ),
    cells as (
      select row_key, jsonb_object_agg(column_name, old_value) as old_values from first_cell group by row_key
    ),
    changed as (
      select touched.row_key, ${key}
      from (select distinct row_key from change) as touched
      cross join lateral jsonb_populate_record(null::${table}, touched.row_key) as key
    )
    select ${columnList(columns, 'served')}
    from ${table} as served
    where not exists (select from changed where ${sameKey(definition, 'changed', 'served')})
    union all
    select ${columnList(columns, 'earlier')}
    from changed
    left join whole on whole.row_key = changed.row_key
    left join cells on cells.row_key = changed.row_key
    left join ${table} as served on ${sameKey(definition, 'served', 'changed')}
    cross join lateral jsonb_populate_record(
      null::${table}, coalesce(whole.old_value::jsonb, to_jsonb(served)) || coalesce(cells.old_values, '{}')
    ) as earlier
    where whole.change = 'delete'
      or (whole.id is null and served.${quoted(definition.key[0]!)} is not null)`;
}
