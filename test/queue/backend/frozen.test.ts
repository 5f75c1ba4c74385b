import { expect, test } from 'vitest';
import { openQueueBackend } from '../../../src/queue/backend/backend.js';
import { outageOf } from '../../../src/queue/backend/outage.js';
import { controlLater } from '../../../src/queue/control/control.js';
import { openProxy } from '../../tcp-proxy.js';
import { openQueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

const patience = { open: 300, command: 300, close: 300 };

for (const place of queuePlaces()) {
  test(`a ${place.kind} that hangs is given up when a backend is opened, used and closed`, async () => {
    const fixture = await openQueueFixture(place);
    const { location } = fixture;
    const proxy = await openProxy(location.kind === 'redis' ? location.url : location.connectionString);
    const through =
      location.kind === 'redis'
        ? { ...location, url: proxy.url }
        : { ...location, connectionString: proxy.url };
    const backend = await openQueueBackend(through, () => undefined, patience);
    const queue = backend.makeQueue('plain');
    await backend.makeQueueEvents('plain').waitUntilReady();
    await queue.add('one', {});

    proxy.freeze();
    const started = performance.now();
    await expect(openQueueBackend(through, () => undefined, patience)).rejects.toMatchObject({
      code: 'queue_unreachable',
    });
    const refused = await queue.add('two', {}).catch((error: unknown) => error);
    expect(outageOf(refused)).toMatch(/^(Redis|The database) does not answer/);
    await backend.close();
    expect(performance.now() - started).toBeLessThan(5000);
    proxy.thaw();
    await fixture.close();
  });
}

test('requests to the pipeline open the queue as soon as it answers', async () => {
  const [place] = queuePlaces();
  const fixture = await openQueueFixture(place!);
  const proxy = await openProxy((fixture.location as { connectionString: string }).connectionString);
  const control = controlLater(() =>
    openQueueBackend(
      { ...fixture.location, connectionString: proxy.url } as typeof fixture.location,
      () => undefined,
      patience,
    ),
  );
  const ask = () => control.ask('cancelRun', { id: 'no id', idempotencyKey: 'one' }, 'a test');
  proxy.freeze();
  await expect(ask()).rejects.toMatchObject({ code: 'queue_unreachable' });
  proxy.thaw();
  // The request reaches the client, which refuses its arguments.
  await expect(ask()).rejects.toMatchObject({ code: 'control_arguments' });
  await control.close();
  await fixture.close();
});
