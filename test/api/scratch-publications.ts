import type pg from 'pg';

/** One change of a publication, as the pipeline records it: a whole row, or a cell. */
export type RowChange =
  | { readonly insert: Record<string, unknown> }
  | { readonly delete: Record<string, unknown> }
  | { readonly update: Record<string, unknown>; readonly set: Record<string, unknown> };

/** Publishes changes of one report the way the pipeline does: rows, changes and publication in one transaction. */
export async function publish(
  pool: pg.Pool,
  number: number,
  report: string,
  key: readonly string[],
  changes: readonly RowChange[],
): Promise<void> {
  const client = await pool.connect();
  const table = `reporting.${report}`;
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  await client.query('begin');
  await client.query(
    `insert into reporting.publication
       (number, published_date, as_of_day, period, drops, mapping_version, row_counts, check_state)
     values ($1::int4, timestamptz '2017-09-01 10:00:00.5Z' + $1::int4 * interval '1 day', '2017-08-31', '2017-08', '[]', 1, '{}', 'passed')`,
    [number],
  );
  const record = (rowKey: object, change: string, column: string | null, was: unknown, is: unknown) =>
    client.query(
      `insert into reporting.report_change (publication, report, row_key, change, column_name, old_value, new_value, cause)
       values ($1, $2, $3, $4, $5, $6, $7, '[{"kind": "test"}]')`,
      [number, report, JSON.stringify(rowKey), change, column, was, is],
    );
  const keyOf = (row: Record<string, unknown>) => Object.fromEntries(key.map((name) => [name, row[name]]));
  const where = (row: Record<string, unknown>) =>
    key.map((name) => `${name} = ${Number(row[name])}`).join(' and ');
  const whole = async (row: Record<string, unknown>): Promise<string> => {
    const { rows } = await client.query(
      `select row_to_json(t)::text as json from ${table} t where ${where(row)}`,
    );
    return rows[0].json;
  };
  for (const change of changes) {
    if ('insert' in change) {
      counts.inserted += 1;
      await client.query(`insert into ${table} select * from jsonb_populate_record(null::${table}, $1)`, [
        JSON.stringify(change.insert),
      ]);
      await record(keyOf(change.insert), 'insert', null, null, await whole(change.insert));
    } else if ('delete' in change) {
      counts.deleted += 1;
      await record(keyOf(change.delete), 'delete', null, await whole(change.delete), null);
      await client.query(`delete from ${table} where ${where(change.delete)}`);
    } else {
      counts.updated += 1;
      for (const [column, value] of Object.entries(change.set)) {
        const { rows } = await client.query(
          `select ${column}::text as was from ${table} where ${where(change.update)}`,
        );
        await client.query(`update ${table} set ${column} = $1 where ${where(change.update)}`, [value]);
        await record(keyOf(change.update), 'update', column, rows[0].was, value);
      }
    }
  }
  await client.query('update reporting.publication set changes = $2 where number = $1', [
    number,
    JSON.stringify({ [report]: counts }),
  ]);
  await client.query('commit');
  client.release();
}
