import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Pipeline } from '../../../jobs/worker.js';
import { readConfiguration } from '../../configuration.js';
import { writeVegaSample } from '../../dataset/sample/vega-sample.js';
import { Fault } from '../../fault.js';
import { listOpenRuns } from '../../queue/ledger/list-runs.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { readHomeOrigin } from '../../source/ledger/home-origin.js';
import type { Log } from '../output/log.js';
import { print, warn } from '../output/terminal.js';
import { shortId } from '../output/text-format.js';
import { ingestDrop, prepareDrop } from '../runs/drop.js';
import { followRun } from '../runs/follow.js';
import { type Service, withService } from '../runtime/command.js';
import type { Environment } from '../runtime/environment.js';
import { announceServer, findServer, withdrawServer } from '../runtime/running-server.js';
import { type Serving, serve } from '../runtime/serve.js';
import { loggedReports, startWorker, type WorkerReports } from '../runtime/services.js';
import { welcome } from '../runtime/welcome.js';
import { outcomeOf } from '../status/read-inbox.js';
import { replaceSample } from './replace-sample.js';

interface UpOptions {
  readonly period?: string;
  /** Replace the sample by the drops. */
  readonly fresh?: boolean;
}

/** `marquee up`: runs everything in one process until it is stopped. */
export async function up(drops: string[], options: UpOptions): Promise<void> {
  const { home } = readConfiguration();
  const running = await findServer(home);
  if (running !== undefined) {
    throw new Fault(
      'server_running',
      `A server is already running under ${home}, at ${running.apiUrl}. Stop it first, or set another MARQUEE_HOME and PORT.`,
    );
  }
  print(`Starting under ${home} ...`);
  if (options.fresh === true) {
    // Of drops that cannot be loaded, the user learns before the sample is gone.
    for (const folder of drops) await prepareDrop(folder, options);
    await replaceSample();
    await sampleLoad(home).end();
  }
  await withService('marquee', 'terminal', (service) => serveAndLoad(service, drops, options));
}

async function serveAndLoad(
  { configuration, environment, log, stop }: Service,
  drops: string[],
  options: UpOptions,
): Promise<void> {
  let serving: Serving | undefined;
  let pipeline: Pipeline | undefined;
  try {
    serving = await serve(environment, log);
    await announceServer(configuration.home, { apiUrl: serving.api.url, issuerUrl: serving.issuerUrl });
    environment.keepAlive(warn);
    pipeline = await startWorker(environment, log, terminalReports(log));
    const stopped = await Promise.race([load(environment, pipeline, drops, options), stop]);
    if (stopped === undefined) {
      await welcome(environment, serving);
      await stop;
      print('Stopping ...');
    } else {
      print('Stopping ... The unfinished run resumes from where it stopped at the next start.');
    }
  } finally {
    await pipeline?.close();
    await serving?.close();
    await withdrawServer(configuration.home);
  }
}

/** What happens in the inbox is printed. A run requested by a command is reported by that command. */
function terminalReports(log: Log): WorkerReports {
  return {
    notify: (level, sentence) => (level === 'warn' ? warn(`warning: ${sentence}`) : print(sentence)),
    ended(run) {
      if (run.requestedBy.startsWith('cli:')) return;
      if (run.requestedBy !== 'inbox') loggedReports(log).ended(run);
      else if (run.state === 'succeeded') print(`${inboxSubject(run)} ${outcomeOf(run)}.`);
      else warn(`marquee: ${inboxSubject(run)} ${outcomeOf(run, Number.POSITIVE_INFINITY)}`);
    },
  };
}

function inboxSubject({ payload }: Run): string {
  return `The drop of ${(payload as { period: string }).period} in the inbox:`;
}

/** Resumes the runs that an earlier start left unfinished, then loads the drops, or the sample into a new database. */
async function load(
  environment: Environment,
  pipeline: Pipeline,
  drops: string[],
  options: UpOptions,
): Promise<undefined> {
  const pool = environment.pool('pipeline');
  for (const run of await listOpenRuns(pool)) {
    print(`Resuming unfinished run ${shortId(run.id)} (${run.kind}) ...`);
    printEnd(await followRun(pipeline.runs, run.id));
  }
  const sample = sampleLoad(environment.configuration.home);
  if (drops.length > 0) {
    await loadDrops(environment, pipeline, drops, options);
  } else if (await lacksSample(pool, sample)) {
    print('The database is new: loading the sample, 3,201 real films in two months.');
    const folders = await sample.begin();
    await loadDrops(environment, pipeline, folders, options);
    await sample.end();
  }
}

/** Whether nothing is loaded yet, or an earlier start was killed while it loaded the sample. */
async function lacksSample(pool: Pool, sample: ReturnType<typeof sampleLoad>): Promise<boolean> {
  const origin = await readHomeOrigin(pool);
  return origin === undefined || (origin === 'sample' && (await sample.hasBegun()));
}

async function loadDrops(
  environment: Environment,
  pipeline: Pipeline,
  folders: string[],
  options: UpOptions,
): Promise<void> {
  for (const folder of folders) {
    print(`Loading ${folder} ...`);
    const result = await ingestDrop(environment, pipeline, folder, {
      period: options.period,
    });
    for (const warning of result.warnings) {
      warn(`warning: ${warning}`);
    }
    printEnd({ ...result, id: result.run, error: result.error ?? null });
  }
}

function printEnd(run: {
  id: string;
  state: string;
  publication: number | null;
  error: string | null;
}): void {
  if (run.state === 'succeeded') {
    print(`  publication ${run.publication}`);
  } else {
    warn(`marquee: the run ${run.id} is ${run.state}: ${run.error}`);
  }
}

/** The sample is two drops. A file in the home marks that loading has begun, so that a killed start can be resumed. */
function sampleLoad(home: string) {
  const outDir = join(home, 'sample');
  const mark = join(outDir, '.loading');
  return {
    hasBegun: () =>
      stat(mark).then(
        () => true,
        () => false,
      ),
    async begin(): Promise<string[]> {
      const made = await writeVegaSample({ outDir, overwrite: true });
      await writeFile(mark, '');
      return made.map((drop) => drop.dir);
    },
    end: () => rm(mark, { force: true }),
  };
}
