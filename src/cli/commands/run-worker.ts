import { withService } from '../runtime/command.js';
import { startWorker } from '../runtime/services.js';

/** `marquee worker`: processes the queues until it is stopped. */
export async function worker(): Promise<void> {
  await withService('marquee-worker', 'log', async ({ environment, log, stop }) => {
    const pipeline = await startWorker(environment, log);
    log.info({ queues: pipeline.backend.kind }, 'working');
    log.info({ signal: await stop }, 'stopping');
    await pipeline.close();
  });
}
