import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.js';
import { openRuns } from '../../src/queue/runs.js';
import { readSteps } from '../../src/queue/step-ledger.js';
import { deadly, survivor } from './killed-worker.js';
import { openQueueFixture, type QueueFixture } from './queue-fixture.js';
import { queuePlaces } from './queue-places.js';

// Node 20 runs no TypeScript: the worker is compiled into a folder inside the package, where it finds its modules.
const built = join(packageRoot, 'dist', `killed-worker-${process.pid}`);

beforeAll(() => {
  const options = '--ignoreConfig --noCheck --module nodenext --target es2023 --skipLibCheck --types node';
  execFileSync(
    process.execPath,
    [
      join(packageRoot, 'node_modules/typescript/bin/tsc'),
      ...options.split(' '),
      ...['--rootDir', packageRoot, '--outDir', built],
      join(packageRoot, 'test/queue/killed-worker.ts'),
    ],
    { stdio: 'inherit' },
  );
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

describe.each(await queuePlaces())('a killed worker on $kind', (place) => {
  let fixture: QueueFixture;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    await fixture.pool.query('create table support.attempt (step text, attempt int)');
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await fixture.close();
  });

  async function startWorker(hang: boolean): Promise<ChildProcess> {
    const { location, connectionString } = fixture;
    const child = fork(join(built, 'test/queue/killed-worker.js'), [
      JSON.stringify({ location, connectionString, hang }),
    ]);
    children.push(child);
    await once(child, 'message');
    return child;
  }

  async function attemptsOf(step: string): Promise<number[]> {
    const found = await fixture.pool.query(
      'select attempt from support.attempt where step = $1 order by attempt',
      [step],
    );
    return found.rows.map((row) => row.attempt);
  }

  test('loses no job, though its successor is killed in the same job too', async () => {
    const runs = openRuns({
      backend: fixture.backend,
      pool: fixture.pool,
      jobs: [deadly],
      flows: [survivor],
    });
    const { run } = await runs.start(survivor, {}, { requestedBy: 'a test' });
    for (const kill of [1, 2]) {
      const worker = await startWorker(true);
      while ((await attemptsOf('a')).length < kill) await sleep(50);
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
    await startWorker(false);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    expect(await attemptsOf('a')).toEqual([1, 2, 3]);
    const steps = await readSteps(fixture.pool, run.id);
    expect(steps.map((step) => [step.name, step.state, step.attempt])).toEqual([
      ['one:a', 'succeeded', 3],
      ['one:b', 'succeeded', 1],
      ['two:c', 'succeeded', 1],
    ]);
  });
});
