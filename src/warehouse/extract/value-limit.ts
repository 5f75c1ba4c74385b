import type { PoolClient } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';

/** The default for the share of a column's values that may be unusable. */
export const defaultUnusableShare = 0.05;

/** Fewer unusable values than this never hold a load: in a small file, one is a large share. */
const fewestUnusable = 3;

/** How many unusable values a message shows. */
export const shownValues = 3;

/** What of one column of a file could not be used. */
export interface UnusableColumn {
  /** The column as the mapping names it. */
  readonly column: string;
  /** What its values must be. */
  readonly expected: string;
  readonly unusable: number;
  /** Number of values that are not empty. */
  readonly values: number;
  /** The first unusable values; a value that must not be shown is null. */
  readonly examples: readonly { readonly record: number; readonly value: string | null }[];
}

/** Whether a column has too many unusable values. */
export function isAboveLimit(
  { unusable, values }: { unusable: number; values: number },
  share: number,
): boolean {
  return unusable >= fewestUnusable && unusable > values * share;
}

/** Explains what is wrong with the columns of a file, as a sentence without its full stop. */
export function explainUnusable(file: string, columns: readonly UnusableColumn[], share: number): string {
  return columns
    .map(({ column, expected, unusable, values, examples }) => {
      const percent = ((100 * unusable) / values).toFixed(2);
      const allowed = Number((100 * share).toFixed(2));
      const shown = examples.map(({ record, value }) =>
        value === null ? `record ${record}` : `record ${record} has ${JSON.stringify(value)}`,
      );
      return `${unusable} of ${values} values of ${column} in ${file} (${percent} %) are not a valid ${expected}, more than the ${allowed} % allowed: ${shown.join(', ')}`;
    })
    .join('; ');
}

/** What an operator can do about a load that is held. */
export function remedyOfHeld(runId: string | null): string {
  return `Deliver a corrected file, or accept them with marquee retry ${runId} --accept-rejects.`;
}

/** The columns of a file whose unusable values were accepted under a version of the mapping. */
export async function readAcceptedColumns(
  db: Queryable,
  fileId: number,
  mappingVersion: number,
): Promise<Set<string>> {
  const { valueAcceptance } = await ledger(db);
  const rows = await valueAcceptance.findMany({
    select: { column_name: true },
    where: { file_id: fileId, mapping_version: mappingVersion },
  });
  return new Set(rows.map(({ column_name }) => column_name));
}

/** An operator's decision to use a file although values of its columns cannot be used. */
export interface Acceptance {
  readonly fileId: number;
  readonly mappingVersion: number;
  readonly acceptedBy: string;
  readonly runId: string | null;
}

/** Records that the unusable values of these columns were accepted, and audits it, in the caller's transaction. */
export async function acceptColumns(
  client: PoolClient,
  { fileId, mappingVersion, acceptedBy, runId }: Acceptance,
  columns: readonly UnusableColumn[],
): Promise<void> {
  if (columns.length === 0) return;
  const { valueAcceptance, auditEvent } = await ledger(client);
  await valueAcceptance.createMany({
    data: columns.map(({ column, unusable, values }) => ({
      file_id: fileId,
      column_name: column,
      mapping_version: mappingVersion,
      accepted_by: acceptedBy,
      unusable_count: unusable,
      value_count: values,
    })),
    skipDuplicates: true,
  });
  const listed = columns.map(({ column, unusable, values }) => ({ column, unusable, values }));
  await auditEvent.create({
    data: {
      actor: acceptedBy,
      action: 'warehouse.accept_values',
      arguments: { fileId, mappingVersion, columns: listed },
      outcome: 'done',
      run_id: runId,
    },
    select: { id: true },
  });
}
