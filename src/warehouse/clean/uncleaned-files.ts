import type { Pool } from 'pg';
import { Fault } from '../../fault.js';

/** A loaded file that is not in the warehouse, or not in all of its tables, and that no run is cleaning. */
export interface UncleanedFile {
  readonly id: number;
  readonly name: string;
  readonly period: string;
  /** Whether it is in some of its tables. */
  readonly inPart: boolean;
  /** One sentence for users. */
  readonly detail: string;
}

/**
 * Finds files whose run ended before it had cleaned them (for example because another file of the drop was refused) or while
 * it was cleaning them (for example because it was cancelled). Files of feeds that the mapping does not read are not included.
 */
export function findUncleanedFiles(pool: Pool): Promise<UncleanedFile[]> {
  return find(pool, { underWay: false });
}

/**
 * Makes sure that a publication would contain each file completely or not at all.
 * @throws Fault `file_cleaned_in_part` when a run ended while it was cleaning a file, or will continue later
 */
export async function requireWholeFiles(pool: Pool): Promise<void> {
  const [inPart] = (await find(pool, { underWay: true })).filter((file) => file.inPart);
  if (inPart !== undefined) throw new Fault('file_cleaned_in_part', inPart.detail);
}

async function find(pool: Pool, { underWay }: { underWay: boolean }): Promise<UncleanedFile[]> {
  const { rows } = await pool.query<UncleanedFile>(
    `/* warehouse.find_uncleaned_files */
     with file as (
       select f.*, cleaned.version is not null as "inPart", cleaned.run_id as cleaning_run,
         coalesce(cleaned.version, (select max(number) from support.mapping_version)) as version
       from source.file f
       cross join lateral (
         select min(t.mapping_version) as version, (array_agg(t.run_id order by t.created_date desc))[1] as run_id
         from support.file_transform t where t.file_id = f.id
       ) cleaned
       where f.state = 'loaded'
     )
     select f.id, f.name, f.period, f."inPart",
       case when f."inPart" then
         format('%s of %s (file %s) is only partly in the warehouse, because its run ended while cleaning it. Nothing is published until cleaning is finished, by %s.',
           f.name, f.period, f.id,
           coalesce('marquee retry ' || f.cleaning_run, 'ingesting its drop again'))
       else
         format('%s of %s (file %s) is loaded but not in the warehouse, because its run ended before cleaning it; ingest its drop again.',
           f.name, f.period, f.id)
       end as detail
     from file f
     where ($1 or not exists (
         select from support.run r
         where r.id in (f.run_id, f.cleaning_run) and r.state in ('queued', 'running')
       ))
       and exists (
         select from support.data_mapping m
         where m.source_table = 'src_' || f.feed and m.mapping_version = f.version
           and not exists (
             select from support.file_transform t where t.file_id = f.id and t.table_name = m.end_table
           )
       )
     order by f.period, f.id`,
    [underWay],
  );
  return rows;
}
