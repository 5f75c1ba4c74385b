import { readConfiguration } from '../../configuration.js';
import { openLog } from '../output/log.js';
import { stopRequested } from '../runtime/command.js';
import { openEnvironment } from '../runtime/environment.js';
import { announceServer, withdrawServer } from '../runtime/running-server.js';
import { serve } from '../runtime/serve.js';
import { startTelemetry } from '../runtime/telemetry.js';

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
