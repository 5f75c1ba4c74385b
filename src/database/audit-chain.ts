import type { QueryResultRow } from 'pg';
import type { Queryable } from './queryable.js';
import { runSql } from './sql.js';
import { sqlFile } from './sql-file.js';

const verification = sqlFile(new URL('sql/verify-audit.sql', import.meta.url));

/** Maximum number of broken events that a verification lists. */
const listed = 100;

/**
 * How an event is broken. `changed`: its content no longer matches its hash or its seal; `removed`: it is sealed and missing;
 * `inserted`: the pipeline did not record it; `chain`: its seal does not follow from the one before.
 */
export type AuditFault = 'changed' | 'removed' | 'inserted' | 'chain';

/** What a verification of the audit found. */
export interface AuditVerification {
  /** Number of events. */
  readonly events: number;
  /** Number of events in the chain. */
  readonly sealed: number;
  /** Intact events that are not in the chain yet: recorded in the last seconds. */
  readonly unsealed: number;
  /** The last link of the chain; null if it is empty. Kept elsewhere, it also shows that the newest events were removed. */
  readonly head: { readonly position: number; readonly hash: string } | null;
  /** Number of broken events. */
  readonly brokenCount: number;
  /** The first of them, by number. */
  readonly broken: readonly { readonly id: string; readonly faults: readonly AuditFault[] }[];
}

/**
 * Appends committed events to the chain, one process at a time.
 * @returns how many were appended
 */
export async function sealAudit(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ sealed: number }>(
    '/* database.seal_audit */ select support.seal_audit() as sealed',
  );
  return rows[0]!.sealed;
}

/** Seals what is committed, then compares every event with its hash and every seal with the one before. */
export async function verifyAudit(database: Queryable): Promise<AuditVerification> {
  await sealAudit(database);
  const { rows } = await runSql<AuditVerification & QueryResultRow>(database, verification({ listed }));
  return rows[0]!;
}

/** Whether the chain contains a link, as an earlier verification reported it. */
export async function hasAuditHead(database: Queryable, hash: string): Promise<boolean> {
  const { rows } = await database.query(
    '/* database.find_audit_head */ select from support.audit_seal where chain_hash = $1 limit 1',
    [hash],
  );
  return rows.length > 0;
}
