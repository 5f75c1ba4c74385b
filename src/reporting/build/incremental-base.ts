import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { render, runSql, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import { contributionTable } from '../sql/table-names.js';
import { exactTime, onlyGrewSince } from './warehouse-state.js';

/** What the published contributions of a report were computed from: an incremental build starts here. */
export interface IncrementalBase {
  readonly publication: number;
  /** YYYY-MM-DD */
  readonly asOfDay: string;
  /** Rows of the warehouse written after this time are not in it. */
  readonly cleanedUntil: string;
}

/**
 * The state from which an incremental build can start, which looks at touched entities only. Null when a full build is needed:
 * nothing is published, the definition changed or was not part of the last publication, rows were retired or restored, a file
 * of an earlier month arrived, or the warehouse was rebuilt.
 */
export async function incrementalBase(
  client: ClientBase,
  definition: ReportDefinition,
): Promise<IncrementalBase | null> {
  const base = await publishedBase(client, definition);
  return base?.hash === (await definitionHash(definition)) ? base : null;
}

/** Like `incrementalBase`, but no matter whether the definition changed; `hash` is that of the definition then. */
export async function publishedBase(
  client: ClientBase,
  { name, contributions }: ReportDefinition,
): Promise<(IncrementalBase & { readonly hash: string }) | null> {
  if (contributions === undefined) return null;
  const { rows } = await runSql<IncrementalBase & { hash: string; cleaned: string; retired: string }>(
    client,
    sql`/* reporting.read_incremental_base */
      select publication, as_of_day::text as "asOfDay", definition_hash as hash, cleaned, retired,
        ${exactTime('cleaned_until')} as "cleanedUntil"
      from support.report_state
      where report = ${name}
        and to_regclass(${render(contributionTable(name)).text}) is not null
        and (select row_counts ? ${name} from reporting.publication order by number desc limit 1)`,
  );
  const [base] = rows;
  return base !== undefined && (await onlyGrewSince(client, base)) ? base : null;
}

/** Records what the contributions of a report, as published now, were computed from. */
export async function keepIncrementalBase(
  client: ClientBase,
  { name }: ReportDefinition,
  publication: number,
): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.keep_incremental_base */
      insert into support.report_state
        (report, publication, as_of_day, definition_hash, cleaned, retired, cleaned_until)
      select report, ${publication}, as_of_day, definition_hash, split_part(warehouse_state, ' ', 1),
        split_part(warehouse_state, ' ', 2), cleaned_until
      from support.report_build
      where report = ${name}
      on conflict (report) do update
      set publication = excluded.publication, as_of_day = excluded.as_of_day,
        definition_hash = excluded.definition_hash, cleaned = excluded.cleaned, retired = excluded.retired,
        cleaned_until = excluded.cleaned_until`,
  );
}

/** Makes the next build of these reports a full one. */
export async function forgetIncrementalBases(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
): Promise<void> {
  const rows = await ledger(client);
  await rows.reportState.deleteMany({ where: { report: { in: definitions.map(({ name }) => name) } } });
}
