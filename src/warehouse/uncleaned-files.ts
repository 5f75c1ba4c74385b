import type { Pool } from 'pg';

/** A file that is loaded and that no run is on its way with into the warehouse. */
export interface UncleanedFile {
  readonly id: number;
  readonly name: string;
  readonly period: string;
  /** One sentence for people. */
  readonly detail: string;
}

/**
 * Finds the files that were loaded by a run which ended before it cleaned them, as when another file of their drop was
 * refused: nothing of them is in any report until their drop is ingested again. Files of feeds the mapping does not read
 * have nowhere to go and are no such.
 */
export async function findUncleanedFiles(pool: Pool): Promise<UncleanedFile[]> {
  const { rows } = await pool.query<UncleanedFile>(
    `/* warehouse.find_uncleaned_files */
     select f.id, f.name, f.period,
       format('%s of %s (file %s) is loaded but not in the warehouse, since its run ended before; ingest its drop again.',
         f.name, f.period, f.id) as detail
     from source.file f
     where f.state = 'loaded'
       and not exists (select from support.file_transform t where t.file_id = f.id)
       and not exists (select from support.run r where r.id = f.run_id and r.state in ('queued', 'running'))
       and exists (
         select from support.data_mapping m
         where m.source_table = 'src_' || f.feed
           and m.mapping_version = (select max(number) from support.mapping_version)
       )
     order by f.period, f.id`,
  );
  return rows;
}
