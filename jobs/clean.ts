import type { Pool } from 'pg';
import { z } from 'zod';
import { type Counts, defineJob, type JobContext } from '../src/queue/ledger/job.js';
import { updateRollups } from '../src/reporting/build/rollup.js';
import { cleanTable } from '../src/warehouse/clean/clean-table.js';
import { finishClean } from '../src/warehouse/clean/finish-clean.js';
import { judgeFile } from '../src/warehouse/clean/judge-file.js';
import { leaveOutWithdrawn } from '../src/warehouse/corrections/withdrawal.js';
import { expandFile } from '../src/warehouse/extract/entry-staging.js';
import type { LiteralLimit } from '../src/warehouse/extract/malformed-literals.js';
import { defaultUnusableShare } from '../src/warehouse/extract/value-limit.js';
import { mappingOfVersion } from '../src/warehouse/mapping/mapping-ledger.js';
import type { Mapping } from '../src/warehouse/mapping/table-plan.js';
import { queues, type Services } from './services.js';

const expand = z.object({
  fileId: z.int(),
  mappingVersion: z.int(),
  /** Who accepts columns of which too much cannot be read. */
  acceptedBy: z.string().optional(),
});

/**
 * Reads the nested columns of one file, once for all tables that read their entries. The run is held when too much of a column
 * cannot be read; no table of the file's feed has been changed then.
 */
export const expandFileJob = defineJob({
  name: 'expand-file',
  queue: queues.clean,
  payload: expand,
  holdOn: ['load_held'],
  run: unlessWithdrawn(async (pool, file) => {
    const { entries, issues } = await expandFile(pool, file);
    return { entries: { ...entries }, issues };
  }),
});

/**
 * Judges the plain columns of a file under a mapping that it was not loaded under. The run is held when too many values of a
 * column cannot be used; nothing has been changed then.
 */
export const judgeFileJob = defineJob({
  name: 'judge-file',
  queue: queues.clean,
  payload: expand,
  holdOn: ['load_held'],
  run: unlessWithdrawn(async (pool, file) => {
    await judgeFile(pool, file);
    return {};
  }),
});

/** Work on one file under a mapping, with the limit above which the run is held; nothing for a file that was withdrawn. */
function unlessWithdrawn(
  work: (pool: Pool, file: { mapping: Mapping; fileId: number; limit: LiteralLimit }) => Promise<Counts>,
) {
  return async ({ payload, services, runId }: JobContext<z.output<typeof expand>, Services>) => {
    const { fileId, mappingVersion, acceptedBy } = payload;
    if ((await leaveOutWithdrawn(services.pool, [fileId])).length === 0) return {};
    const mapping = await mappingOfVersion(services.pool, mappingVersion);
    const share = services.maxUnusableShare ?? defaultUnusableShare;
    return work(services.pool, { mapping, fileId, limit: { share, acceptedBy, runId } });
  };
}

const clean = z.object({ table: z.string(), fileIds: z.array(z.int()), mappingVersion: z.int() });

/**
 * Cleans the files of one feed into one warehouse table. Files that were withdrawn after the step was planned are left out, so
 * that the rest of the drop can continue.
 */
export const cleanTableJob = defineJob({
  name: 'clean-table',
  queue: queues.clean,
  payload: clean,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof clean>, Services>) => {
    const mapping = await mappingOfVersion(services.pool, payload.mappingVersion);
    const total = await cleanTable(services.pool, {
      table: payload.table,
      fileIds: await leaveOutWithdrawn(services.pool, payload.fileIds),
      mapping,
      personalDataKey: services.personalDataKey,
      names: services.dataSet.names,
      runId,
      beforeCommit: async (client, counts) => {
        await updateRollups(client, services.dataSet.reports, payload.table);
        await complete(client, { ...counts });
      },
    });
    return { ...total };
  },
});

const finish = z.object({ fileIds: z.array(z.int()) });

/** Drops what the jobs of the tables shared. */
export const finishCleanJob = defineJob({
  name: 'finish-clean',
  queue: queues.clean,
  payload: finish,
  run: async ({ payload, services }: JobContext<z.output<typeof finish>, Services>) => {
    await finishClean(services.pool, payload.fileIds);
    return {};
  },
});
