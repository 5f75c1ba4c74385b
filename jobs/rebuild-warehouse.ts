import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineFlow, type FlowContext, type Stage } from '../src/queue/backend/flow.js';
import { defineJob, type JobContext, type PlannedStep, planStep } from '../src/queue/ledger/job.js';
import { compareServed, type ReportComparison, servedAsOf } from '../src/reporting/build/verify-reports.js';
import { nestedColumns } from '../src/warehouse/mapping/mapping.js';
import { currentMapping, mappingOfVersion } from '../src/warehouse/mapping/mapping-ledger.js';
import { compareRebuilt } from '../src/warehouse/rebuild/compare-rebuilt.js';
import { planReplay, prepareRebuild, rebuildTable, swapRebuilt } from '../src/warehouse/rebuild/rebuild.js';
import { dropRebuild } from '../src/warehouse/tables/rebuild-tables.js';
import { expandFileJob, finishCleanJob } from './clean.js';
import { publicationOf, publishing, publishStages, takeTurn } from './drop-flow.js';
import { queues, type Services } from './services.js';

const versioned = z.object({ mappingVersion: z.int() });

/** Makes the empty tables of the rebuild. */
export const prepareRebuildJob = defineJob({
  name: 'prepare-rebuild',
  queue: queues.clean,
  payload: versioned,
  run: async ({ payload, services, complete }: JobContext<z.output<typeof versioned>, Services>) => {
    const mapping = await mappingOfVersion(services.pool, payload.mappingVersion);
    const counts = { tables: mapping.tables.size, mappingVersion: payload.mappingVersion };
    await prepareRebuild(services.pool, mapping, (client) => complete(client, counts));
    return counts;
  },
});

const replay = versioned.extend({
  table: z.string(),
  files: z.array(z.object({ fileId: z.int(), mappingVersion: z.int() })),
});

/** Cleans all files of one table anew, beside the table in use. */
export const rebuildTableJob = defineJob({
  name: 'rebuild-table',
  queue: queues.clean,
  payload: replay,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof replay>, Services>) => {
    const counts = await rebuildTable(services.pool, {
      table: payload.table,
      files: payload.files.map((file) => ({ ...file, table: payload.table })),
      mapping: await mappingOfVersion(services.pool, payload.mappingVersion),
      personalDataKey: services.personalDataKey,
      runId,
      beforeCommit: (client, sofar) => complete(client, { ...sofar }),
    });
    return { ...counts };
  },
});

const compared = z.object({ table: z.string(), mappingVersion: z.int() });

/** Compares one table with its rebuilt counterpart. */
export const compareTableJob = defineJob({
  name: 'compare-table',
  queue: queues.clean,
  payload: compared,
  run: async ({ payload, services }: JobContext<z.output<typeof compared>, Services>) => {
    const mapping = await mappingOfVersion(services.pool, payload.mappingVersion);
    const comparison = await compareRebuilt(services.pool, mapping.tables.get(payload.table)!);
    return JSON.parse(JSON.stringify(comparison));
  },
});

/**
 * Builds the reports from the rebuilt tables and compares them with what is served; or says that they cannot be compared.
 * The rebuilt tables take the place of those in use for that, in a transaction that is undone.
 */
export const compareReportsJob = defineJob({
  name: 'compare-reports',
  queue: queues.clean,
  payload: versioned,
  run: async ({ payload, services }: JobContext<z.output<typeof versioned>, Services>) => {
    const { pool, dataSet } = services;
    const mapping = await mappingOfVersion(pool, payload.mappingVersion);
    return inTransaction(pool, async (client) => {
      const asOfDay = await servedAsOf(client, dataSet.reports);
      if (asOfDay === null) return { compared: false, reports: [], differences: 0 };
      await client.query('/* jobs.rebuilt_aside */ savepoint rebuilt_aside');
      await swapRebuilt(client, mapping);
      const reports: ReportComparison[] = [];
      for (const report of dataSet.reports) reports.push(await compareServed(client, report, asOfDay));
      await client.query('/* jobs.undo_rebuilt */ rollback to savepoint rebuilt_aside');
      const differences = reports.reduce((sum, report) => sum + report.differences, 0);
      return { compared: true, reports: JSON.parse(JSON.stringify(reports)), differences };
    });
  },
});

/** Puts the rebuilt tables in the place of those in use. */
export const swapRebuiltJob = defineJob({
  name: 'swap-rebuilt',
  queue: queues.clean,
  payload: versioned,
  run: async ({ payload, services, complete }: JobContext<z.output<typeof versioned>, Services>) => {
    const mapping = await mappingOfVersion(services.pool, payload.mappingVersion);
    return inTransaction(services.pool, async (client) => {
      const counts = { tables: await swapRebuilt(client, mapping) };
      await complete(client, counts);
      return counts;
    });
  },
});

/** Drops the rebuilt tables. */
export const dropRebuildJob = defineJob({
  name: 'drop-rebuild',
  queue: queues.clean,
  payload: z.object({}),
  run: async ({ services, complete }: JobContext<object, Services>) => {
    await inTransaction(services.pool, async (client) => {
      await dropRebuild(client);
      await complete(client, {});
    });
    return {};
  },
});

const rebuildPayload = z.object({
  ...publishing,
  /** Under which mapping: each file under the one it was cleaned with, or all under the newest. */
  mapping: z.enum(['recorded', 'current']).default('recorded'),
});

/** What a rebuild reads. */
interface Rebuilt {
  readonly mapping: 'recorded' | 'current';
  /** A file that it is made without. */
  readonly without?: number;
}

type Context = FlowContext<z.output<typeof rebuildPayload>, Services>;

async function newest({ services }: Pick<Context, 'services'>) {
  return (await currentMapping(services.pool))!;
}

/** The mapping that the rebuild's tables were made by: another may have become the current one since. */
export async function preparedMapping({ services, results }: Pick<Context, 'services' | 'results'>) {
  const version = Number(results.get('prepare')!.get('tables')!.mappingVersion);
  return mappingOfVersion(services.pool, version);
}

/** A step per file with nested columns, and then one per table. */
async function planRebuild(
  context: Pick<Context, 'services' | 'results'>,
  what: Rebuilt,
): Promise<PlannedStep[]> {
  const { pool } = context.services;
  const mapping = await preparedMapping(context);
  const known = await planReplay(pool, what.mapping === 'current' ? mapping : null);
  const replayed = known.filter(({ fileId }) => fileId !== what.without);
  const { rows: files } = await pool.query<{ id: number; source_table: string }>(
    `/* jobs.replayed_files */ select id, 'src_' || feed as source_table from source.file where id = any($1) order by id`,
    [replayed.map((file) => file.fileId)],
  );
  const expands = files
    .filter((file) => nestedColumns(mapping, file.source_table).length > 0)
    .map(({ id }) => ({
      fileId: id,
      step: planStep(expandFileJob, `expand-${id}`, {
        fileId: id,
        mappingVersion: Math.max(
          ...replayed.filter((file) => file.fileId === id).map((file) => file.mappingVersion),
        ),
      }),
    }));
  const tables = [...mapping.tables.keys()].map((table) => {
    const own = replayed
      .filter((file) => file.table === table)
      .map(({ fileId, mappingVersion }) => ({ fileId, mappingVersion }));
    return planStep(
      rebuildTableJob,
      table,
      { table, files: own, mappingVersion: mapping.version! },
      expands.filter(({ fileId }) => own.some((file) => file.fileId === fileId)).map(({ step }) => step.name),
    );
  });
  const finish = planStep(
    finishCleanJob,
    'finish',
    { fileIds: files.map((file) => file.id) },
    tables.map((table) => table.name),
  );
  const free = tables.filter((step) => step.dependsOn.length === 0);
  const waiting = tables.filter((step) => step.dependsOn.length > 0);
  return [...free, ...expands.map(({ step }) => step), ...waiting, finish];
}

/**
 * The warehouse anew, beside the one in use. Retried, a run reads everything once more: swapped in as it was when the run
 * stopped, the rebuild would be without what was cleaned since.
 */
export function rebuildStages<Payload>(what: (payload: Payload) => Rebuilt): Stage<Payload, Services>[] {
  return [
    takeTurn,
    {
      name: 'prepare',
      anew: true,
      plan: async (context) => [
        planStep(prepareRebuildJob, 'tables', { mappingVersion: (await newest(context)).version! }),
      ],
    },
    { name: 'clean', anew: true, plan: (context) => planRebuild(context, what(context.payload)) },
  ];
}

/** The warehouse anew from source, beside the one in use and then in its place; and the reports from it. */
export const rebuildWarehouseFlow = defineFlow({
  name: 'rebuild-warehouse',
  queue: queues.drop,
  payload: rebuildPayload,
  stages: [
    ...rebuildStages<z.output<typeof rebuildPayload>>((payload) => payload),
    {
      name: 'swap',
      anew: true,
      plan: async (context) => [
        planStep(swapRebuiltJob, 'tables', { mappingVersion: (await preparedMapping(context)).version! }),
      ],
    },
    ...publishStages<z.output<typeof rebuildPayload>>({ reason: 'rebuild', isWhole: () => true }),
  ],
  finish: publicationOf,
});

/** The warehouse anew from source, compared with the one in use, its reports with those served, and dropped. */
export const verifyWarehouseFlow = defineFlow({
  name: 'verify-warehouse',
  queue: queues.drop,
  payload: rebuildPayload,
  stages: [
    ...rebuildStages<z.output<typeof rebuildPayload>>((payload) => payload),
    {
      name: 'compare',
      anew: true,
      plan: async (context) => {
        const mapping = await preparedMapping(context);
        return [...mapping.tables.keys()].map((table) =>
          planStep(compareTableJob, table, { table, mappingVersion: mapping.version! }),
        );
      },
    },
    {
      name: 'reports',
      anew: true,
      plan: async (context) => [
        planStep(compareReportsJob, 'served', { mappingVersion: (await preparedMapping(context)).version! }),
      ],
    },
    { name: 'drop', anew: true, plan: () => [planStep(dropRebuildJob, 'tables', {})] },
  ],
  finish: ({ results }: Context) => {
    const tables = [...(results.get('compare')?.values() ?? [])];
    const reports = results.get('reports')?.get('served');
    return {
      counts: {
        rows: tables.reduce((sum, table) => sum + Number(table.rows), 0),
        differences: tables.reduce(
          (sum, table) => sum + Number(table.differences),
          Number(reports?.differences ?? 0),
        ),
      },
    };
  },
});
