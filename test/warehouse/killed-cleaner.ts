// A process for `killed-cleaner.test.ts`, which kills or freezes it without warning.
import { Pool } from 'pg';
import { cleanTable } from '../../src/warehouse/clean/clean-table.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';

/** The request that the process receives. */
export interface CleanerTask {
  readonly connectionString: string;
  readonly table: string;
  readonly fileIds: readonly number[];
  readonly key: string;
  /** Waits before its commit until it is woken. */
  readonly lingers?: boolean;
  readonly idleMs?: number;
}

if (process.send && process.argv[2]?.startsWith('{')) {
  const { connectionString, table, fileIds, key, lingers, idleMs }: CleanerTask = JSON.parse(process.argv[2]);
  const pool = new Pool({ connectionString, max: 3 });
  pool.on('error', () => {});
  const mapping = (await currentMapping(pool))!;
  const woken = new Promise((resolve) => process.once('SIGCONT', resolve));
  await cleanTable(pool, {
    table,
    fileIds,
    mapping,
    personalDataKey: key,
    idleMs,
    beforeCommit: async () => {
      if (!lingers) return;
      process.send!('lingering');
      await woken;
    },
  }).then(
    (counts) => process.send!(counts),
    (error: { code?: string }) => process.send!(`failed ${error.code}`),
  );
  await pool.end();
}
