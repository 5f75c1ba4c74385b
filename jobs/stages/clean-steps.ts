import { ledger } from '../../src/database/prisma-client.js';
import { type PlannedStep, planStep } from '../../src/queue/ledger/job.js';
import { tableOf } from '../../src/source/feed.js';
import { nestedColumns, tablesInOrder } from '../../src/warehouse/mapping/mapping.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { cleanTableJob, expandFileJob, finishCleanJob, judgeFileJob } from '../clean.js';
import type { Services } from '../services.js';

/** A loaded file and the feed it belongs to. */
export interface LoadedFile {
  readonly fileId: number;
  readonly feed: string;
  /** Who accepted, when the drop was started, whatever is unusable in the file. */
  readonly acceptedBy?: string | undefined;
  /** `known` when an earlier run loaded it, maybe under another mapping. */
  readonly outcome?: string;
}

/** One step per warehouse table that the files feed, each after the tables it refers to. */
export async function planCleaning(services: Services, loads: readonly LoadedFile[]): Promise<PlannedStep[]> {
  const mapping = await currentMapping(services.pool);
  if (mapping === null || mapping.version === null || loads.length === 0) return [];
  const mappingVersion = mapping.version;
  const filesOf = filesBySourceTable(services, loads);
  const judges = await planJudging(services, loads, mappingVersion);
  const expands = [...filesOf].flatMap(([sourceTable, fileIds]) =>
    nestedColumns(mapping, sourceTable).length === 0
      ? []
      : fileIds.map((fileId) => ({
          sourceTable,
          step: planStep(expandFileJob, `expand-${fileId}`, {
            fileId,
            mappingVersion,
            acceptedBy: loads.find((load) => load.fileId === fileId)?.acceptedBy,
          }),
        })),
  );
  const tables = tablesInOrder(mapping).filter(({ sourceTable }) => filesOf.get(sourceTable)?.length);
  const planned = new Set(tables.map(({ table }) => table));
  const cleans = tables.map(({ table, sourceTable, dependsOn }) =>
    planStep(cleanTableJob, table, { table, fileIds: filesOf.get(sourceTable)!, mappingVersion }, [
      ...dependsOn.filter((needed) => planned.has(needed)),
      ...[...expands, ...judges]
        .filter((each) => each.sourceTable === sourceTable)
        .map(({ step }) => step.name),
    ]),
  );
  const finish = planStep(
    finishCleanJob,
    'finish',
    { fileIds: loads.map((load) => load.fileId) },
    cleans.map((step) => step.name),
  );
  // Steps without dependencies come first: among them is the feed with the most records and no nested columns, and the others
  // run while it takes its time.
  const free = cleans.filter((step) => step.dependsOn.length === 0);
  const waiting = cleans.filter((step) => step.dependsOn.length > 0);
  return [...free, ...[...judges, ...expands].map(({ step }) => step), ...waiting, finish];
}

/** A step per file that an earlier run loaded and none has cleaned: it was judged under the mapping of that time. */
async function planJudging(services: Services, loads: readonly LoadedFile[], mappingVersion: number) {
  const known = loads.filter(({ outcome }) => outcome === 'known');
  if (known.length === 0) return [];
  const { fileTransform } = await ledger(services.pool);
  const cleaned = await fileTransform.findMany({
    select: { file_id: true },
    where: { file_id: { in: known.map(({ fileId }) => fileId) } },
  });
  const cleanedIds = new Set(cleaned.map(({ file_id }) => file_id));
  return known
    .filter(({ fileId }) => !cleanedIds.has(fileId))
    .map(({ fileId, feed, acceptedBy }) => ({
      sourceTable: tableOf(services.dataSet.feeds.find(({ name }) => name === feed)!),
      step: planStep(judgeFileJob, `judge-${fileId}`, { fileId, mappingVersion, acceptedBy }),
    }));
}

/** The files of each feed's table. A drop may contain the same bytes twice, plain and in an archive: they are one file. */
function filesBySourceTable(services: Services, loads: readonly LoadedFile[]): Map<string, number[]> {
  return new Map(
    services.dataSet.feeds.map((feed) => {
      const fileIds = loads.filter((load) => load.feed === feed.name).map((load) => load.fileId);
      return [tableOf(feed), [...new Set(fileIds)]];
    }),
  );
}
