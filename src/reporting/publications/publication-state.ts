import type { ClientBase } from 'pg';
import type { ReadyBuilds } from './types.js';

/** What the warehouse stood at when the reports of a publication were built; of a rollback, as of what it restores. */
export interface PublicationState {
  /** Rows of the warehouse written later are not in it; a time, to the microsecond. */
  readonly builtDate: string;
  /** Numbers of the retirements that were in force. */
  readonly retirements: readonly number[];
}

export async function readPublicationState(
  client: Pick<ClientBase, 'query'>,
  publication: number,
): Promise<PublicationState> {
  const { rows } = await client.query<PublicationState>(
    `/* reporting.read_publication_state */
     select to_jsonb(retirements) as retirements,
       to_char(built_date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "builtDate"
     from support.publication_state
     where publication = $1`,
    [publication],
  );
  return rows[0]!;
}

/** Notes what a publication reflects: its own builds, or later ones that came to the same. */
export async function keepPublicationState(
  client: ClientBase,
  publication: number,
  { builtDate, reflected }: ReadyBuilds,
): Promise<void> {
  await client.query(
    `/* reporting.keep_publication_state */
     insert into support.publication_state (publication, built_date, retirements) values ($1, $2, $3)
     on conflict (publication) do update
     set built_date = excluded.built_date, retirements = excluded.retirements`,
    [publication, builtDate, reflected.retirements],
  );
}

/** Notes that a publication reflects what the one it restores does. */
export async function copyPublicationState(
  client: ClientBase,
  publication: number,
  restores: number,
): Promise<void> {
  await client.query(
    `/* reporting.copy_publication_state */
     insert into support.publication_state (publication, built_date, retirements)
     select $1, built_date, retirements from support.publication_state where publication = $2`,
    [publication, restores],
  );
}
