import { z } from 'zod';
import { ledger } from '../src/database/prisma-client.js';
import { undoing } from '../src/database/savepoint.js';
import { inTransaction } from '../src/database/transaction.js';
import { defineFlow, type FlowContext, type Stage } from '../src/queue/backend/flow.js';
import { defineJob, type JobContext, type PlannedStep, planStep } from '../src/queue/ledger/job.js';
import {
  compareWithBuild,
  publishedAsOf,
  type ReportComparison,
} from '../src/reporting/build/verify-reports.js';
import { mappingOfVersion } from '../src/warehouse/mapping/mapping-ledger.js';
import type { Mapping } from '../src/warehouse/mapping/table-plan.js';
import { compareRebuilt } from '../src/warehouse/rebuild/compare-rebuilt.js';
import {
  planReplay,
  prepareRebuild,
  type ReplayedFile,
  rebuildTable,
  swapRebuilt,
} from '../src/warehouse/rebuild/rebuild.js';
import { dropRebuild } from '../src/warehouse/tables/rebuild-tables.js';
import { finishCleanJob } from './clean.js';
import { queues, type Services } from './services.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { newestMapping, preparedMapping } from './stages/prepared-mapping.js';
import { publicationOf, publishing, publishStages } from './stages/publish-stages.js';
import {
  type Acceptance,
  acceptance,
  judgeReplayed,
  type PlannedExpand,
  planExpands,
} from './stages/replay-steps.js';

const versioned = z.object({ mappingVersion: z.int() });

/** Creates the empty tables of the rebuild. */
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

/** Cleans all files of one table again, into the table of the rebuild. */
export const rebuildTableJob = defineJob({
  name: 'rebuild-table',
  queue: queues.clean,
  payload: replay,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof replay>, Services>) => {
    return rebuildTable(services.pool, {
      table: payload.table,
      files: payload.files.map((file) => ({ ...file, table: payload.table })),
      mapping: await mappingOfVersion(services.pool, payload.mappingVersion),
      personalDataKey: services.personalDataKey,
      names: services.dataSet.names,
      runId,
      beforeCommit: (client, total) => complete(client, { ...total }),
    }).then((counts) => ({ ...counts }));
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
 * Builds the reports from the rebuilt tables and compares them with the published ones; reports when nothing is published yet.
 * For this the rebuilt tables replace the live ones under a savepoint, which is rolled back.
 */
export const compareReportsJob = defineJob({
  name: 'compare-reports',
  queue: queues.clean,
  payload: versioned,
  run: async ({ payload, services }: JobContext<z.output<typeof versioned>, Services>) => {
    const { pool, dataSet } = services;
    const mapping = await mappingOfVersion(pool, payload.mappingVersion);
    return inTransaction(pool, async (client) => {
      const asOfDay = await publishedAsOf(client, dataSet.reports);
      if (asOfDay === null) return { compared: false, reports: [], differences: 0 };
      const reports = await undoing(client, async () => {
        await swapRebuilt(client, mapping);
        const compared: ReportComparison[] = [];
        for (const report of dataSet.reports) compared.push(await compareWithBuild(client, report, asOfDay));
        return compared;
      });
      const differences = reports.reduce((sum, report) => sum + report.differences, 0);
      return { compared: true, reports: JSON.parse(JSON.stringify(reports)), differences };
    });
  },
});

/** Replaces the live tables with the rebuilt ones. */
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
  /** The mapping to use: for each file the version it was cleaned with, or for all files the newest. */
  mapping: z.enum(['recorded', 'current']).default('recorded'),
  ...acceptance,
});

/** What a rebuild reads. */
interface Rebuilt extends Acceptance {
  readonly mapping: 'recorded' | 'current';
  /** A file to leave out. */
  readonly without?: number;
}

type Context = FlowContext<z.output<typeof rebuildPayload>, Services>;

async function filesToReplay(
  pool: Services['pool'],
  mapping: Mapping,
  what: Rebuilt,
): Promise<ReplayedFile[]> {
  const known = await planReplay(pool, what.mapping === 'current' ? mapping : null);
  return known.filter(({ fileId }) => fileId !== what.without);
}

async function planJudging(
  context: Pick<Context, 'services' | 'results'>,
  what: Rebuilt,
): Promise<PlannedStep[]> {
  const { pool } = context.services;
  return judgeReplayed(pool, await filesToReplay(pool, await preparedMapping(context), what), what);
}

/** Plans a step per file with nested columns, then a step per table, then one that drops the staging tables. */
async function planRebuild(
  context: Pick<Context, 'services' | 'results'>,
  what: Rebuilt,
): Promise<PlannedStep[]> {
  const { pool } = context.services;
  const mapping = await preparedMapping(context);
  const replayed = await filesToReplay(pool, mapping, what);
  const { file } = await ledger(pool);
  const files = await file.findMany({
    select: { id: true, feed: true },
    where: { id: { in: replayed.map(({ fileId }) => fileId) } },
    orderBy: { id: 'asc' },
  });
  const expands = planExpands(mapping, files, replayed, what);
  const tables = planTables(mapping, expands, replayed);
  const finish = planStep(
    finishCleanJob,
    'finish',
    { fileIds: files.map(({ id }) => id) },
    tables.map(({ name }) => name),
  );
  const free = tables.filter((step) => step.dependsOn.length === 0);
  const waiting = tables.filter((step) => step.dependsOn.length > 0);
  return [...free, ...expands.map(({ step }) => step), ...waiting, finish];
}

/** A step for each table, which waits until the files that it reads are expanded. */
function planTables(
  mapping: Mapping,
  expands: readonly PlannedExpand[],
  replayed: readonly ReplayedFile[],
): PlannedStep[] {
  return [...mapping.tables.keys()].map((table) => {
    const files = replayed
      .filter((file) => file.table === table)
      .map(({ fileId, mappingVersion }) => ({ fileId, mappingVersion }));
    const needed = expands.filter(({ fileId }) => files.some((file) => file.fileId === fileId));
    return planStep(
      rebuildTableJob,
      table,
      { table, files, mappingVersion: mapping.version! },
      needed.map(({ step }) => step.name),
    );
  });
}

/**
 * The stages that rebuild the warehouse next to the live one. A retried run reads everything again, because the rebuild would
 * otherwise lack what was cleaned after the run had stopped.
 */
export function rebuildStages<Payload>(what: (payload: Payload) => Rebuilt): Stage<Payload, Services>[] {
  return [
    exclusiveStage,
    {
      name: 'prepare',
      repeatOnRetry: true,
      plan: async (context) => [
        planStep(prepareRebuildJob, 'tables', { mappingVersion: (await newestMapping(context)).version! }),
      ],
    },
    { name: 'judge', repeatOnRetry: true, plan: (context) => planJudging(context, what(context.payload)) },
    { name: 'clean', repeatOnRetry: true, plan: (context) => planRebuild(context, what(context.payload)) },
  ];
}

/** Rebuilds the warehouse from source next to the live one, replaces the live one with it, and publishes the reports. */
export const rebuildWarehouseFlow = defineFlow({
  name: 'rebuild-warehouse',
  queue: queues.drop,
  payload: rebuildPayload,
  stages: [
    ...rebuildStages<z.output<typeof rebuildPayload>>((payload) => payload),
    {
      name: 'swap',
      repeatOnRetry: true,
      plan: async (context) => [
        planStep(swapRebuiltJob, 'tables', { mappingVersion: (await preparedMapping(context)).version! }),
      ],
    },
    ...publishStages<z.output<typeof rebuildPayload>>({ reason: 'rebuild', isWhole: () => true }),
  ],
  finish: publicationOf,
});

/** Rebuilds the warehouse from source, compares it and its reports with the live ones, and drops it. */
export const verifyWarehouseFlow = defineFlow({
  name: 'verify-warehouse',
  queue: queues.drop,
  payload: rebuildPayload,
  stages: [
    ...rebuildStages<z.output<typeof rebuildPayload>>((payload) => payload),
    {
      name: 'compare',
      repeatOnRetry: true,
      plan: async (context) => {
        const mapping = await preparedMapping(context);
        return [...mapping.tables.keys()].map((table) =>
          planStep(compareTableJob, table, { table, mappingVersion: mapping.version! }),
        );
      },
    },
    {
      name: 'reports',
      repeatOnRetry: true,
      plan: async (context) => [
        planStep(compareReportsJob, 'served', { mappingVersion: (await preparedMapping(context)).version! }),
      ],
    },
    { name: 'drop', repeatOnRetry: true, plan: () => [planStep(dropRebuildJob, 'tables', {})] },
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
