import { withService } from '../runtime/command.js';
import { announceServer, withdrawServer } from '../runtime/running-server.js';
import { serve } from '../runtime/serve.js';

/** `marquee api`: serves the reports until it is stopped. */
export async function api(): Promise<void> {
  await withService('marquee-api', 'log', async ({ configuration, environment, log, stop }) => {
    const serving = await serve(environment, log);
    await announceServer(configuration.home, { apiUrl: serving.api.url, issuerUrl: serving.issuerUrl });
    log.info({ url: serving.api.url, issuer: serving.issuerUrl }, 'serving');
    log.info({ signal: await stop }, 'stopping');
    await serving.close();
    await withdrawServer(configuration.home);
  });
}
