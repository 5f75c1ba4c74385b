import { loadReferenceData } from '../src/warehouse/corrections/reference-data.js';
import { currentMapping, installMapping } from '../src/warehouse/mapping/mapping-ledger.js';
import { cleanTableJob, expandFileJob, finishCleanJob } from './clean.js';
import { dropFlow, rebuildReportsFlow, rollbackFlow } from './drop-flow.js';
import { examineFileJob, finishLoadJob, loadPartJob, receiveFileJob } from './ingest.js';
import {
  compareReportsJob,
  compareTableJob,
  dropRebuildJob,
  prepareRebuildJob,
  rebuildTableJob,
  rebuildWarehouseFlow,
  swapRebuiltJob,
  verifyWarehouseFlow,
} from './rebuild-warehouse.js';
import { replayRejectsFlow, replayRejectsJob } from './replay-rejects.js';
import { buildReportJob, checkReportsJob, compareReportJob, publishJob, rollbackJob } from './report.js';
import { restoreFlow, restoreRowsJob, retireFlow, retireRowsJob } from './retire.js';
import { scanInboxJob, upkeepJob } from './schedule.js';
import type { Resources } from './services.js';
import { takeTurnJob } from './turn.js';
import { takeBackFlow, takeFileBackJob, withdrawFileJob, withdrawFlow } from './withdraw.js';

/** Every kind of job a worker knows. */
export const pipelineJobs = [
  examineFileJob,
  receiveFileJob,
  loadPartJob,
  finishLoadJob,
  takeTurnJob,
  expandFileJob,
  cleanTableJob,
  finishCleanJob,
  prepareRebuildJob,
  rebuildTableJob,
  compareReportsJob,
  compareTableJob,
  swapRebuiltJob,
  dropRebuildJob,
  retireRowsJob,
  restoreRowsJob,
  withdrawFileJob,
  takeFileBackJob,
  buildReportJob,
  checkReportsJob,
  compareReportJob,
  publishJob,
  rollbackJob,
  replayRejectsJob,
  scanInboxJob,
  upkeepJob,
];

/** Every kind of run. */
export const pipelineFlows = [
  replayRejectsFlow,
  dropFlow,
  rebuildReportsFlow,
  rebuildWarehouseFlow,
  verifyWarehouseFlow,
  retireFlow,
  restoreFlow,
  withdrawFlow,
  takeBackFlow,
  rollbackFlow,
];

/** What a new database needs before its first drop: the data set's mapping and its reference tables. */
export async function prepareWarehouse({ pool, dataSet, personalDataKey }: Resources): Promise<void> {
  if ((await currentMapping(pool)) === null) {
    await installMapping(pool, dataSet.mapping, {
      author: 'marquee',
      note: `Initial mapping of ${dataSet.name}`,
    });
  }
  await loadReferenceData(pool, dataSet.reference, personalDataKey);
}
