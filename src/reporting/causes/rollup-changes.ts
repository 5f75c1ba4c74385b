import pg from 'pg';
import type { SummedRecords } from '../definition/definition.js';
import { quoted, wasLive } from '../sql/table-names.js';

/**
 * A relation `summed_news` that tells by `entity`, in `list` as the text of a JSON list, what came to what is summed into it
 * since a time: each link that is new to it or went to another one, with its key, file and record; then, file by file, how
 * many of the summed records. Where all that the table holds came since then, the warehouse was made anew, and nobody knows.
 * @param since an expression
 */
export function summedNews({ table, links }: SummedRecords, since: string): string {
  const key = (alias: string) => quoted(links.key, alias);
  const entity = (alias: string) => quoted(links.entity, alias);
  const linkTable = `warehouse.${quoted(links.table)}`;
  const isNew = (alias: string) => `not ${alias}.deleted and ${alias}.created_date > ${since}`;
  return `summed_news as materialized (
    select entity, json_agg(told order by told_first, place, told ->> 'key')::text as list
    from (
      select moved.entity, 1 as told_first, moved.file_id as place, json_build_object(
          'table', ${pg.escapeLiteral(links.table)}::text, 'key', json_build_object(${pg.escapeLiteral(links.key)}, moved.key),
          'file', file.name, 'period', file.period, 'record', moved.record_number
        ) as told
      from (
        select ${entity('link')} as entity, ${key('link')}::text as key, link.file_id, link.record_number
        from ${linkTable} as link
        where ${isNew('link')} and not exists (
          select from ${linkTable} as earlier
          where ${key('earlier')} = ${key('link')} and ${entity('earlier')} = ${entity('link')} and ${wasLive('earlier', since)}
        )
        union all
        select ${entity('earlier')}, ${key('earlier')}::text, link.file_id, link.record_number
        from ${linkTable} as earlier
        join ${linkTable} as link on ${key('link')} = ${key('earlier')}
        where ${wasLive('earlier', since)} and ${isNew('link')} and ${entity('link')} is distinct from ${entity('earlier')}
      ) as moved
      join source.file on file.id = moved.file_id
      where moved.entity is not null
      union all
      select counted.entity, 2, counted.file_id, json_build_object(
          'table', ${pg.escapeLiteral(table)}::text, 'file', file.name, 'period', file.period, 'count', counted.count
        )
      from (
        select ${entity('link')} as entity, summed.file_id, sum(summed.count) as count
        from (
          select ${key('summed')}, summed.file_id, count(*) as count
          from warehouse.${quoted(table)} as summed
          where ${isNew('summed')} and exists (
            select from support.file_transform as transform
            where transform.table_name = ${pg.escapeLiteral(table)} and transform.created_date <= ${since}
          )
          group by 1, 2
        ) as summed -- before their links are looked up: a month has some thousand records of a key
        join ${linkTable} as link on ${key('link')} = ${key('summed')} and not link.deleted
        group by 1, 2
      ) as counted
      join source.file on file.id = counted.file_id
    ) as news
    group by entity
  )`;
}
