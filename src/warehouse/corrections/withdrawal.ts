import type { PoolClient } from 'pg';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import type { Mapping } from '../mapping/table-plan.js';

/** A file that is to be withdrawn or taken back, by whom and why. */
export interface WithdrawalRequest {
  readonly fileId: number;
  readonly reason: string;
  readonly actor: string;
  readonly runId?: string | null;
}

/** Under this name a withdrawn file stands among what was retired by hand, by its `file_id`, as contributions have it. */
export const filesTable = 'source.file';

/**
 * Makes sure that a file can be withdrawn.
 * @param mapping the one whose tables are built anew without it
 * @throws Fault `file_unknown`; `file_not_loaded` when it is not in force; `table_not_mapped` when it would stay in a table
 *   that is not built anew; `nothing_loaded` when nothing would be left
 */
export async function requireWithdrawable(
  db: Queryable,
  mapping: Pick<Mapping, 'tables'>,
  fileId: number,
): Promise<void> {
  const { name, state } = await lockFile(db, fileId);
  if (state !== 'loaded') {
    throw new Fault(
      'file_not_loaded',
      `${name} (file ${fileId}) is in state ${state}, so there is nothing to withdraw; only a loaded file can be withdrawn.`,
    );
  }
  const { rows: stays } = await db.query<{ table: string }>(
    `/* warehouse.unmapped_tables */
     select table_name as table from support.file_transform where file_id = $1 and table_name <> all($2) order by 1`,
    [fileId, [...mapping.tables.keys()]],
  );
  if (stays.length > 0) {
    const tables = stays.map(({ table }) => table).join(', ');
    throw new Fault(
      'table_not_mapped',
      `${name} (file ${fileId}) is in ${tables}, which the mapping fills no more, so it cannot be taken out of there; import a mapping that does, and withdraw the file then.`,
    );
  }
  const { rowCount } = await db.query(
    `/* warehouse.other_files */
     select from source.file f
     where id <> $1 and state = 'loaded' and exists (select from support.file_transform where file_id = f.id) limit 1`,
    [fileId],
  );
  if (rowCount === 0) {
    throw new Fault(
      'nothing_loaded',
      `Without ${name} (file ${fileId}) nothing would be left to report on; load what is right first.`,
    );
  }
}

/**
 * Makes sure that a file can be taken back.
 * @throws Fault `file_unknown`, `file_not_withdrawn`
 */
export async function requireWithdrawn(db: Queryable, fileId: number): Promise<{ feed: string }> {
  const { name, state, feed } = await lockFile(db, fileId);
  if (state === 'withdrawn') return { feed };
  throw new Fault(
    'file_not_withdrawn',
    `${name} (file ${fileId}) is in state ${state}, so there is no withdrawal to take back.`,
  );
}

/** The files without those that are withdrawn. */
export async function leaveOutWithdrawn(db: Queryable, fileIds: readonly number[]): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>(
    `/* warehouse.withdrawn_files */ select id from source.file where id = any($1) and state = 'withdrawn'`,
    [fileIds],
  );
  return fileIds.filter((fileId) => !rows.some(({ id }) => id === fileId));
}

/**
 * Withdraws a file, together with the swap to a warehouse that was built without it, in the caller's transaction. Its
 * records, rejects and backup stay; nothing reads them until it is taken back. One that is withdrawn already stays so.
 * @throws Fault as `requireWithdrawable`
 */
export async function withdrawFile(
  client: PoolClient,
  mapping: Pick<Mapping, 'tables'>,
  request: WithdrawalRequest,
): Promise<void> {
  const { fileId, reason, actor } = request;
  if ((await lockFile(client, fileId)).state === 'withdrawn') return;
  await requireWithdrawable(client, mapping, fileId);
  await setState(client, fileId, 'withdrawn');
  for (const ledger of ['file_transform', 'issue']) {
    await client.query(`/* warehouse.forget_withdrawn */ delete from support.${ledger} where file_id = $1`, [
      fileId,
    ]);
  }
  await client.query(
    `/* warehouse.insert_withdrawal */
     insert into support.retirement (table_name, row_key, reason, actor)
     values ($1, jsonb_build_object('file_id', $2::text), $3, $4)`,
    [filesTable, fileId, reason, actor],
  );
  await noteAudit(client, 'warehouse.withdraw', request);
}

/** Takes a withdrawal back: the file is loaded again, and to be cleaned like one that comes late. */
export async function takeFileBack(
  client: PoolClient,
  request: WithdrawalRequest,
): Promise<{ feed: string }> {
  const { fileId, actor } = request;
  const { feed } = await requireWithdrawn(client, fileId);
  await setState(client, fileId, 'loaded');
  await client.query(
    `/* warehouse.end_withdrawal */
     update support.retirement set restored_date = now(), restored_by = $3
     where table_name = $1 and row_key = jsonb_build_object('file_id', $2::text) and restored_date is null`,
    [filesTable, fileId, actor],
  );
  await noteAudit(client, 'warehouse.take_back', request);
  return { feed };
}

async function lockFile(
  db: Queryable,
  fileId: number,
): Promise<{ name: string; state: string; feed: string }> {
  const { rows } = await db.query<{ name: string; state: string; feed: string }>(
    // Whoever cleans the file keeps its number from changing, for minutes: that is nothing to wait for.
    '/* warehouse.lock_source_file */ select name, state, feed from source.file where id = $1 for no key update',
    [fileId],
  );
  if (rows[0] !== undefined) return rows[0];
  throw new Fault(
    'file_unknown',
    `There is no file ${fileId} in the ledger; list the known ones with marquee status.`,
  );
}

async function setState(client: PoolClient, fileId: number, state: 'loaded' | 'withdrawn'): Promise<void> {
  await client.query('/* warehouse.set_file_state */ update source.file set state = $2 where id = $1', [
    fileId,
    state,
  ]);
}

async function noteAudit(
  client: PoolClient,
  action: string,
  { fileId, reason, actor, runId }: WithdrawalRequest,
): Promise<void> {
  await client.query(
    `/* warehouse.note_withdrawal */
     insert into support.audit_event (actor, action, arguments, outcome, run_id) values ($1, $2, $3, 'done', $4)`,
    [actor, action, JSON.stringify({ fileId, reason }), runId ?? null],
  );
}
