import { readConfiguration } from '../../configuration.js';
import { stopRequested } from '../command.js';
import { openEnvironment } from '../environment.js';
import { openLog } from '../log.js';
import { announceServer, withdrawServer } from '../running-server.js';
import { serve } from '../serve.js';
import { startTelemetry } from '../telemetry.js';

/** `marquee api`: serves the reports until it is stopped. */
export async function api(): Promise<void> {
  const configuration = readConfiguration();
  const log = openLog(configuration.logLevel);
  const stop = stopRequested();
  const telemetry = await startTelemetry(configuration, 'marquee-api', log);
  const environment = await openEnvironment(configuration);
  try {
    const serving = await serve(environment, log);
    await announceServer(configuration.home, { apiUrl: serving.api.url, issuerUrl: serving.issuerUrl });
    log.info({ url: serving.api.url, issuer: serving.issuerUrl }, 'serving');
    log.info({ signal: await stop }, 'stopping');
    await serving.close();
    await withdrawServer(configuration.home);
  } finally {
    await environment.close();
    await telemetry.close();
  }
}
