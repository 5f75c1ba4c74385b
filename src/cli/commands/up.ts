import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pipeline } from '../../../jobs/worker.js';
import { readConfiguration } from '../../configuration.js';
import { writeVegaSample } from '../../dataset/sample/vega-sample.js';
import { Fault } from '../../fault.js';
import { listOpenRuns } from '../../queue/ledger/list-runs.js';
import { openLog } from '../output/log.js';
import { print, warn } from '../output/terminal.js';
import { ingestDrop } from '../runs/drop.js';
import { followRun } from '../runs/follow.js';
import { commandUser, stopRequested } from '../runtime/command.js';
import { type Environment, openEnvironment } from '../runtime/environment.js';
import { announceServer, findServer, withdrawServer } from '../runtime/running-server.js';
import { type Serving, serve } from '../runtime/serve.js';
import { startWorker } from '../runtime/services.js';
import { startTelemetry } from '../runtime/telemetry.js';
import { welcome } from '../runtime/welcome.js';

/** `marquee up`: everything in one process, until it is stopped. */
export async function up(drops: string[], options: { period?: string }): Promise<void> {
  const configuration = readConfiguration();
  const running = await findServer(configuration.home);
  if (running !== undefined) {
    throw new Fault(
      'server_running',
      `A server already runs under ${configuration.home}, at ${running.apiUrl}; stop it first, or set another MARQUEE_HOME and PORT.`,
    );
  }
  const log = openLog(configuration.logLevel === 'info' ? 'warn' : configuration.logLevel);
  const stop = stopRequested();
  print(`Starting under ${configuration.home} ...`);
  const telemetry = await startTelemetry(configuration, 'marquee', log);
  const environment = await openEnvironment(configuration);
  let serving: Serving | undefined;
  let pipeline: Pipeline | undefined;
  try {
    serving = await serve(environment, log);
    await announceServer(configuration.home, { apiUrl: serving.api.url, issuerUrl: serving.issuerUrl });
    environment.keepAlive(warn);
    // Whoever asks for a run by a command is told by that command.
    pipeline = await startWorker(environment, log, (run) => !run.requestedBy.startsWith('cli:'));
    const loading = load(environment, pipeline, drops, options);
    const stopped = await Promise.race([loading, stop]);
    if (stopped === undefined) {
      await welcome(environment, serving);
      await stop;
    }
    print('Stopping ...');
  } finally {
    await pipeline?.close();
    await serving?.close();
    await withdrawServer(configuration.home);
    await environment.close();
    await telemetry.close();
  }
}

/** Finishes what an earlier start left, then loads what was asked for. */
async function load(
  environment: Environment,
  pipeline: Pipeline,
  drops: string[],
  options: { period?: string },
): Promise<undefined> {
  for (const run of await listOpenRuns(environment.pool('pipeline'))) {
    print(`Finishing run ${run.id} (${run.kind}), which an earlier start left ...`);
    tellEnd(await followRun(pipeline.runs, run.id));
  }
  const sample = sampleLoad(environment.configuration.home);
  if (drops.length > 0) {
    await loadDrops(environment, pipeline, drops, options);
  } else if ((await isNew(environment)) || (await sample.wasBegun())) {
    print('The database is new: loading the sample, 3,201 real films in two months.');
    const folders = await sample.begin();
    await loadDrops(environment, pipeline, folders, options);
    await sample.end();
  }
}

async function loadDrops(
  environment: Environment,
  pipeline: Pipeline,
  folders: string[],
  options: { period?: string },
): Promise<void> {
  for (const folder of folders) {
    print(`Loading ${folder} ...`);
    const result = await ingestDrop(environment, pipeline, folder, {
      ...options,
      requestedBy: commandUser(),
    });
    for (const warning of result.warnings) {
      warn(`warning: ${warning}`);
    }
    tellEnd({ ...result, id: result.run, error: result.error ?? null });
  }
}

function tellEnd(run: { id: string; state: string; publication: number | null; error: string | null }): void {
  if (run.state === 'succeeded') {
    print(`  publication ${run.publication}`);
  } else {
    warn(`marquee: the run ${run.id} is ${run.state}: ${run.error}`);
  }
}

async function isNew(environment: Environment): Promise<boolean> {
  const { rows } = await environment
    .pool('pipeline')
    .query('/* cli.is_new */ select not exists (select from source.file) as new');
  return rows[0].new;
}

/** The sample is two drops; a start that was killed between them is gone on with, by a mark left in the home. */
function sampleLoad(home: string) {
  const outDir = join(home, 'sample');
  const mark = join(outDir, '.loading');
  return {
    wasBegun: () =>
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
