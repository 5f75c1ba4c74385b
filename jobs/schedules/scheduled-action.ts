import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DataSet } from '../../src/data-set.js';
import { Fault } from '../../src/fault.js';
import type { UserSchedule } from '../../src/queue/ledger/schedule-ledger.js';
import type { StartRun } from '../../src/queue/runs/runs.js';
import { exportPublication } from '../../src/reporting/explain/export.js';
import { whyNoMonth } from '../../src/source/drop/clear-drop.js';
import { readDrop } from '../../src/source/drop/drop.js';
import { refuseForeign } from '../../src/source/ledger/home-origin.js';
import { dropFlow } from '../drop-flow.js';
import { verifyWarehouseFlow } from '../rebuild-warehouse.js';
import { rebuildReportsFlow } from '../report-flows.js';
import { takeInbox } from '../schedule.js';
import type { Services } from '../services.js';

type Arguments = Readonly<Record<string, string>>;

/** What a schedule can do. */
interface ScheduledAction {
  /** The names of its arguments. */
  readonly takes: readonly string[];
  /** Makes sure that arguments are valid, and makes their paths absolute. @throws Fault */
  readonly accept?: (args: Arguments, dataSet: DataSet) => Arguments;
  /** Does it. @returns the id of the run that it started, if it is one run */
  readonly perform: (args: Arguments, services: Services, request: StartRun) => Promise<string | null>;
}

const actions: Readonly<Record<string, ScheduledAction>> = {
  inbox: {
    takes: [],
    async perform(_args, services, { requestedBy }) {
      await takeInbox(services, requestedBy);
      return null;
    },
  },
  ingest: {
    takes: ['folder'],
    accept: ({ folder }) => ({ folder: resolve(folder!) }),
    async perform({ folder }, { dataSet, pool, runs }, request) {
      const drop = await readDrop(folder!, dataSet.feeds);
      if (drop.period === undefined) throw new Fault('period_missing', whyNoMonth(drop));
      await refuseForeign(pool, drop.origin, folder!);
      const audit = { action: 'ingestDrop', arguments: { folder, period: drop.period } };
      const started = await runs.start(
        dropFlow,
        { folder: folder!, period: drop.period },
        { ...request, audit },
      );
      return started.run.id;
    },
  },
  rebuild: {
    takes: [],
    perform: async (_args, { runs }, request) =>
      (await runs.start(rebuildReportsFlow, {}, audited(request, 'rebuildReports'))).run.id,
  },
  verify: {
    takes: [],
    perform: async (_args, { runs }, request) =>
      (await runs.start(verifyWarehouseFlow, {}, audited(request, 'verifyWarehouse'))).run.id,
  },
  export: {
    takes: ['report', 'file'],
    accept({ report, file }, dataSet) {
      reportNamed(dataSet, report!);
      return { report: report!, file: resolve(file!) };
    },
    async perform({ report, file }, { dataSet, pool }) {
      const format = file!.endsWith('.json') ? 'json' : 'csv';
      const unfinished = `${file}.unfinished`;
      try {
        await exportPublication(pool, reportNamed(dataSet, report!), { format }, (rows) =>
          pipeline(rows, createWriteStream(unfinished)),
        );
        await rename(unfinished, file!);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      return null;
    },
  },
};

/** The names of the actions, with those of their arguments. */
export const actionUsage = Object.entries(actions).map(([name, { takes }]) =>
  [name, ...takes.map((each) => each.toUpperCase())].join(' '),
);

/**
 * Reads an action as an operator writes it.
 * @throws Fault `schedule_invalid`, `report_unknown`
 */
export function readScheduledAction(
  action: string,
  given: readonly string[],
  dataSet: DataSet,
): Pick<UserSchedule, 'action' | 'arguments'> {
  const known = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (known === undefined || known.takes.length !== given.length) {
    throw new Fault(
      'schedule_invalid',
      `Cannot schedule ${[action, ...given].join(' ')}; expected one of: ${actionUsage.join(', ')}.`,
    );
  }
  const args = Object.fromEntries(known.takes.map((name, index) => [name, given[index]!]));
  return { action, arguments: known.accept?.(args, dataSet) ?? args };
}

/** Does what a schedule is for. @returns the id of the run that it started, if it is one run */
export function performScheduled(
  schedule: Pick<UserSchedule, 'action' | 'arguments'>,
  services: Services,
  request: StartRun,
): Promise<string | null> {
  const known = actions[schedule.action];
  if (known !== undefined) return known.perform(schedule.arguments, services, request);
  throw new Fault('schedule_invalid', `This version of Marquee cannot do ${schedule.action}.`);
}

function audited(request: StartRun, action: string): StartRun {
  return { ...request, audit: { action, arguments: {} } };
}

function reportNamed({ reports }: DataSet, name: string) {
  const found = reports.find((report) => report.name === name);
  if (found !== undefined) return found;
  const known = reports.map((report) => report.name).join(', ');
  throw new Fault('report_unknown', `There is no report ${name}; the reports are ${known}.`);
}
