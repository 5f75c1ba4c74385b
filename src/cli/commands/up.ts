import { join } from 'node:path';
import type { Pipeline } from '../../../jobs/worker.js';
import { readConfiguration } from '../../configuration.js';
import { writeVegaSample } from '../../dataset/sample/vega-sample.js';
import { Fault } from '../../fault.js';
import { commandUser, stopRequested } from '../command.js';
import { ingestDrop } from '../drop.js';
import { type Environment, openEnvironment } from '../environment.js';
import { openLog } from '../log.js';
import { announceServer, findServer, withdrawServer } from '../running-server.js';
import { type Serving, serve } from '../serve.js';
import { startWorker } from '../services.js';
import { print, warn } from '../terminal.js';
import { welcome } from '../welcome.js';

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
  const environment = await openEnvironment(configuration);
  let serving: Serving | undefined;
  let pipeline: Pipeline | undefined;
  try {
    serving = await serve(environment, log);
    await announceServer(configuration.home, { apiUrl: serving.api.url, issuerUrl: serving.issuerUrl });
    pipeline = await startWorker(environment, log);
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
  }
}

async function load(
  environment: Environment,
  pipeline: Pipeline,
  drops: string[],
  options: { period?: string },
): Promise<undefined> {
  const folders = drops.length > 0 || !(await isNew(environment)) ? drops : await sampleFolders(environment);
  for (const folder of folders) {
    print(`Loading ${folder} ...`);
    const result = await ingestDrop(environment, pipeline, folder, {
      ...options,
      requestedBy: commandUser(),
    });
    for (const warning of result.warnings) {
      warn(`warning: ${warning}`);
    }
    if (result.state === 'succeeded') {
      print(`  publication ${result.publication} after ${result.seconds.toFixed(1)} s`);
    } else {
      warn(`marquee: the run ${result.run} is ${result.state}: ${result.error}`);
    }
  }
}

async function isNew(environment: Environment): Promise<boolean> {
  const { rows } = await environment
    .pool('pipeline')
    .query('/* cli.is_new */ select not exists (select from source.file) as new');
  return rows[0].new;
}

async function sampleFolders({ configuration }: Environment): Promise<string[]> {
  print('The database is new: loading the sample, 3,201 real films in two months.');
  const outDir = join(configuration.home, 'sample');
  return (await writeVegaSample({ outDir, overwrite: true })).map((drop) => drop.dir);
}
