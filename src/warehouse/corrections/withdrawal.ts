import type { PoolClient } from 'pg';
import { recordAudit } from '../../database/audit-ledger.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import type { Mapping } from '../mapping/table-plan.js';

/** A file to be withdrawn or taken back, by whom and why. */
export interface WithdrawalRequest {
  readonly fileId: number;
  readonly reason: string;
  readonly actor: string;
  readonly runId?: string | null;
}

/** The table name under which `support.retirement` records withdrawn files, with `file_id` as the key. */
export const filesTable = 'source.file';

/**
 * Makes sure that a file can be withdrawn.
 * @param mapping the mapping whose tables are rebuilt without it
 * @throws Fault `file_unknown`; `file_not_loaded`; `table_not_mapped` when the file is in a table that would not be rebuilt;
 *   `nothing_loaded` when no other file is in the warehouse
 */
export async function requireWithdrawable(
  db: Queryable,
  mapping: Pick<Mapping, 'tables'>,
  fileId: number,
): Promise<void> {
  const { name, state } = await lockSourceFile(db, fileId);
  if (state !== 'loaded') {
    throw new Fault(
      'file_not_loaded',
      `${name} (file ${fileId}) is in state ${state}; only a loaded file can be withdrawn.`,
    );
  }
  const { file, fileTransform } = await ledger(db);
  const unmapped = await fileTransform.findMany({
    select: { table_name: true },
    where: { file_id: fileId, table_name: { notIn: [...mapping.tables.keys()] } },
    orderBy: { table_name: 'asc' },
  });
  if (unmapped.length > 0) {
    const tables = unmapped.map(({ table_name }) => table_name).join(', ');
    throw new Fault(
      'table_not_mapped',
      `${name} (file ${fileId}) is in ${tables}, which the mapping no longer fills, so it cannot be removed from there; import a mapping that fills ${tables} and withdraw the file then.`,
    );
  }
  const other = await file.findFirst({
    select: { id: true },
    where: { id: { not: fileId }, state: 'loaded', transforms: { some: {} } },
  });
  if (other !== null) return;
  throw new Fault(
    'nothing_loaded',
    `Without ${name} (file ${fileId}) the warehouse would be empty; load the correct file first.`,
  );
}

/**
 * Makes sure that a file is withdrawn.
 * @throws Fault `file_unknown`, `file_not_withdrawn`
 */
export async function requireWithdrawn(db: Queryable, fileId: number): Promise<{ feed: string }> {
  const { name, state, feed } = await lockSourceFile(db, fileId);
  if (state === 'withdrawn') return { feed };
  throw new Fault(
    'file_not_withdrawn',
    `${name} (file ${fileId}) is in state ${state}, so there is no withdrawal to take back.`,
  );
}

/** The files that are not withdrawn. */
export async function leaveOutWithdrawn(db: Queryable, fileIds: readonly number[]): Promise<number[]> {
  const { file } = await ledger(db);
  const withdrawn = await file.findMany({
    select: { id: true },
    where: { id: { in: [...fileIds] }, state: 'withdrawn' },
  });
  return fileIds.filter((fileId) => !withdrawn.some(({ id }) => id === fileId));
}

/**
 * Withdraws a file, in the transaction that swaps in a warehouse built without it. Its records, rejects and backup stay, but
 * are not read until it is taken back. Does nothing when the file is withdrawn already.
 * @throws Fault as `requireWithdrawable`
 */
export async function withdrawFile(
  client: PoolClient,
  mapping: Pick<Mapping, 'tables'>,
  request: WithdrawalRequest,
): Promise<void> {
  const { fileId, reason, actor, runId } = request;
  if ((await lockSourceFile(client, fileId)).state === 'withdrawn') return;
  await requireWithdrawable(client, mapping, fileId);
  await setState(client, fileId, 'withdrawn');
  const { fileTransform, issue, retirement } = await ledger(client);
  await fileTransform.deleteMany({ where: { file_id: fileId } });
  await issue.deleteMany({ where: { file_id: fileId } });
  await retirement.create({
    data: { table_name: filesTable, row_key: rowKey(fileId), reason, actor },
    select: { id: true },
  });
  await recordAudit(client, {
    actor,
    action: 'warehouse.withdraw',
    arguments: { fileId, reason },
    outcome: 'done',
    runId,
  });
}

/** Takes a withdrawal back: the file is loaded again, and will be cleaned like a file that comes late. */
export async function takeFileBack(
  client: PoolClient,
  request: WithdrawalRequest,
): Promise<{ feed: string }> {
  const { fileId, reason, actor, runId } = request;
  const { feed } = await requireWithdrawn(client, fileId);
  await setState(client, fileId, 'loaded');
  // The time is the database's, because it is compared with other times of the database.
  await client.query(
    `/* warehouse.end_withdrawal */
     update support.retirement set restored_date = now(), restored_by = $3
     where table_name = $1 and row_key = $2::jsonb and restored_date is null`,
    [filesTable, JSON.stringify(rowKey(fileId)), actor],
  );
  await recordAudit(client, {
    actor,
    action: 'warehouse.take_back',
    arguments: { fileId, reason },
    outcome: 'done',
    runId,
  });
  return { feed };
}

function rowKey(fileId: number): { file_id: string } {
  return { file_id: String(fileId) };
}

/** Reads a file and locks its row. */
async function lockSourceFile(
  db: Queryable,
  fileId: number,
): Promise<{ name: string; state: string; feed: string }> {
  const { rows } = await db.query<{ name: string; state: string; feed: string }>(
    // `no key`, because cleaning holds a key lock on the row for minutes, which does not matter here.
    '/* warehouse.lock_source_file */ select name, state, feed from source.file where id = $1 for no key update',
    [fileId],
  );
  if (rows[0] !== undefined) return rows[0];
  throw new Fault('file_unknown', `File ${fileId} does not exist; list the known files with marquee status.`);
}

async function setState(client: PoolClient, fileId: number, state: 'loaded' | 'withdrawn'): Promise<void> {
  const { file } = await ledger(client);
  await file.update({ data: { state }, where: { id: fileId }, select: { id: true } });
}
