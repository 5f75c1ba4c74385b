import { readConfiguration } from '../../configuration.js';
import { stopRequested } from '../command.js';
import { openEnvironment } from '../environment.js';
import { openLog } from '../log.js';
import { startWorker } from '../services.js';
import { startTelemetry } from '../telemetry.js';

/** `marquee worker`: works on the queues until it is stopped. */
export async function worker(): Promise<void> {
  const configuration = readConfiguration();
  const log = openLog(configuration.logLevel);
  const stop = stopRequested();
  const telemetry = await startTelemetry(configuration, 'marquee-worker', log);
  const environment = await openEnvironment(configuration);
  try {
    const pipeline = await startWorker(environment, log);
    log.info({ queues: pipeline.backend.kind }, 'working');
    log.info({ signal: await stop }, 'stopping');
    await pipeline.close();
  } finally {
    await environment.close();
    await telemetry.close();
  }
}
