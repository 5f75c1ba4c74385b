import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { createThingsTable, things, traceOf, useFolder } from '../loading.js';
import { useWorkerProcess } from './worker-process.js';

const database = useDatabase();
const folder = useFolder();
const startWorker = useWorkerProcess();
beforeAll(() => createThingsTable(database.pools.owner));

const RECORDS = 60_000;
const PART_BYTES = 150_000;

/** A file of its own for each try, with a broken record in every part. */
function contentOf(attempt: number): string {
  const lines = ['id,Name,note'];
  for (let number = 1; number <= RECORDS; number++) {
    lines.push(number % 9_999 === 0 ? `${number},broken` : `${number},"name ${number}",of try ${attempt}`);
  }
  return `${lines.join('\n')}\n`;
}

describe('a worker that is killed', () => {
  it('leaves a load that another one ends, with the same rows, whenever it happens', async () => {
    const rejected = Math.floor(RECORDS / 9_999);
    let millisecondsOfLoad = Number.POSITIVE_INFINITY;
    let kills = 0;
    // The first try is left alone; it tells how long a load takes. One that ends before it is killed tells it anew.
    for (let attempt = 0; kills < propertyRuns(10); attempt++) {
      const drop = await mkdtemp(join(folder.path, 'drop-'));
      const compressed = attempt % 3 === 2;
      const content = contentOf(attempt);
      await writeFile(
        join(drop, compressed ? 'things.csv.gz' : 'things.csv'),
        compressed ? gzipSync(content) : content,
      );
      const assignment = {
        connectionString: database.urls.pipeline,
        feed: things,
        drop,
        storage: folder.storage.folder,
        partBytes: PART_BYTES,
      };
      const began = Date.now();
      const first = await startWorker(assignment);
      const firstEnded = once(first, 'exit'); // which may be before it is killed
      const stop = new AbortController();
      const moment = Math.min(millisecondsOfLoad * Math.random(), 2 ** 31 - 1);
      if (attempt > 0) {
        await Promise.race([
          sleep(moment, undefined, { signal: stop.signal }).catch(() => undefined),
          firstEnded,
        ]);
        first.kill('SIGKILL');
      }
      await firstEnded;
      stop.abort();
      if (first.signalCode === null) {
        millisecondsOfLoad = Math.min(millisecondsOfLoad, Date.now() - began);
      } else {
        kills++;
        expect(
          await traceOf(database.pools.pipeline, `of try ${attempt}`),
          'is seen whole or not at all',
        ).toSatisfy((trace: { rows: number }) => trace.rows === 0 || trace.rows === RECORDS - rejected);
        const second = await startWorker(assignment);
        const secondEnded = once(second, 'exit');
        const [message] = await Promise.race([once(second, 'message'), secondEnded]);
        expect(message).toMatchObject({ state: 'loaded' });
        await secondEnded;
      }
      expect(await traceOf(database.pools.pipeline, `of try ${attempt}`), `try ${attempt}`).toEqual({
        files: 1,
        rows: RECORDS - rejected,
        numbers: RECORDS - rejected,
        sum: String((RECORDS * (RECORDS + 1)) / 2 - (9_999 * rejected * (rejected + 1)) / 2),
        rejects: rejected,
      });
      await rm(drop, { recursive: true });
    }
  }, 180_000);
});
