import { readConfiguration } from '../../configuration.js';
import { openLog } from '../output/log.js';
import { stopRequested } from '../runtime/command.js';
import { openEnvironment } from '../runtime/environment.js';
import { startWorker } from '../runtime/services.js';
import { startTelemetry } from '../runtime/telemetry.js';

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
