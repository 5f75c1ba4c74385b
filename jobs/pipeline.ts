import { loadReferenceData } from '../src/warehouse/corrections/reference-data.js';
import { currentMapping, installMapping } from '../src/warehouse/mapping/mapping-ledger.js';
import { cleanTableJob, expandFileJob, finishCleanJob, judgeFileJob } from './clean.js';
import { dropFlow } from './drop-flow.js';
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
import { rebuildReportsFlow, rollbackFlow } from './report-flows.js';
import { restoreFlow, restoreRowsJob, retireFlow, retireRowsJob } from './retire.js';
import { scanInboxJob, sealAuditJob, upkeepJob } from './schedule.js';
import { userScheduleJob } from './schedules/user-schedule.js';
import type { Resources } from './services.js';
import { waitForExclusivityJob } from './stages/exclusive-stage.js';
import { recognizeDropJob } from './stages/load-steps.js';
import { takeBackFlow, takeFileBackJob, withdrawFileJob, withdrawFlow } from './withdraw.js';

/** All kinds of jobs. */
export const pipelineJobs = [
  recognizeDropJob,
  examineFileJob,
  receiveFileJob,
  loadPartJob,
  finishLoadJob,
  waitForExclusivityJob,
  expandFileJob,
  judgeFileJob,
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
  sealAuditJob,
  userScheduleJob,
];

/** All kinds of runs. */
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

/** Prepares a new database for its first drop: installs the data set's mapping and loads its reference tables. */
export async function prepareWarehouse({ pool, dataSet, personalDataKey }: Resources): Promise<void> {
  if ((await currentMapping(pool)) === null) {
    await installMapping(pool, dataSet.mapping, {
      author: 'marquee',
      note: `Initial mapping of ${dataSet.name}`,
    });
  }
  await loadReferenceData(pool, dataSet.reference, personalDataKey);
}
