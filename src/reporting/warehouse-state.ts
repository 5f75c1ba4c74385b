import type { ClientBase } from 'pg';

/**
 * What the warehouse stands at: a hash of which file went into which table, when and by which mapping, and of
 * what was retired. Reports built at different states must not be published together.
 */
export async function warehouseState(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ state: string }>(
    `/* reporting.warehouse_state */
     select md5(concat_ws(';',
       (
         select string_agg(
           concat_ws(' ', file_id, table_name, mapping_version, extract(epoch from created_date)),
           ',' order by file_id, table_name
         )
         from support.file_transform
       ),
       (
         select string_agg(concat_ws(' ', id, extract(epoch from restored_date)), ',' order by id)
         from support.retirement
       )
     )) as state`,
  );
  return rows[0]!.state;
}
