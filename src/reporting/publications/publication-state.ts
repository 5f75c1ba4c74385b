import type { ClientBase } from 'pg';
import type { Queryable } from '../../database/queryable.js';
import { raw, runSql, sql } from '../../database/sql.js';
import type { ReadyBuilds } from './types.js';

/** The state of the warehouse that a publication was built from. A rollback has the state of the publication it restores. */
export interface PublicationState {
  /** Rows of the warehouse written later are not in it. A time to the microsecond, which Prisma Client would cut. */
  readonly builtDate: string;
  /** Ids of the retirements that were in force. */
  readonly retirements: readonly number[];
}

export async function readPublicationState(
  client: Queryable,
  publication: number,
): Promise<PublicationState> {
  const { rows } = await runSql<PublicationState>(
    client,
    sql`/* reporting.read_publication_state */
      select to_jsonb(retirements) as retirements,
        ${raw(`to_char(built_date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)} as "builtDate"
      from support.publication_state
      where publication = ${publication}`,
  );
  return rows[0]!;
}

/** Records what a publication reflects: its own builds, or later builds with the same result. */
export async function keepPublicationState(
  client: ClientBase,
  publication: number,
  { builtDate, reflected }: ReadyBuilds,
): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.keep_publication_state */
      insert into support.publication_state (publication, built_date, retirements)
      values (${publication}, ${builtDate}, ${reflected.retirements})
      on conflict (publication) do update
      set built_date = excluded.built_date, retirements = excluded.retirements`,
  );
}

/** Records that a publication reflects the same as the one it restores. */
export async function copyPublicationState(
  client: ClientBase,
  publication: number,
  restores: number,
): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.copy_publication_state */
      insert into support.publication_state (publication, built_date, retirements)
      select ${publication}, built_date, retirements from support.publication_state where publication = ${restores}`,
  );
}
