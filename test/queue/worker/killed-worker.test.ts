import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/package-root.js';
import type { Run } from '../../../src/queue/ledger/run-ledger.js';
import { readSteps } from '../../../src/queue/ledger/step-ledger.js';
import { openRuns, type Runs } from '../../../src/queue/runs/runs.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';
import { deadly, survivor } from './killed-worker.js';

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
      join(packageRoot, 'test/queue/worker/killed-worker.ts'),
    ],
    { stdio: 'inherit' },
  );
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

describe.each(queuePlaces())('a worker that dies on $kind', (place) => {
  let fixture: QueueFixture;
  let runs: Runs;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    await fixture.pool.query(`
      create table support.attempt (step text, attempt int);
      create table support.effect (step text, attempt int)`);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await fixture.close();
  });

  async function startWorker(habit: 'work' | 'hang' | 'write' | 'write-unfenced'): Promise<ChildProcess> {
    const { location, connectionString } = fixture;
    const child = fork(join(built, 'test/queue/worker/killed-worker.js'), [
      JSON.stringify({ location, connectionString, habit }),
    ]);
    children.push(child);
    await once(child, 'message');
    return child;
  }

  async function begin(): Promise<Run> {
    await fixture.pool.query('truncate support.attempt, support.effect');
    runs = openRuns({ backend: fixture.backend, pool: fixture.pool, jobs: [deadly], flows: [survivor] });
    return (await runs.start(survivor, {}, { requestedBy: 'a test' })).run;
  }

  async function attemptsOf(step: string): Promise<number[]> {
    const found = await fixture.pool.query(
      'select attempt from support.attempt where step = $1 order by attempt',
      [step],
    );
    return found.rows.map((row) => row.attempt);
  }

  test('loses no job, even when the next worker is killed in the same job', async () => {
    const runs = openRuns({
      backend: fixture.backend,
      pool: fixture.pool,
      jobs: [deadly],
      flows: [survivor],
    });
    const { run } = await runs.start(survivor, {}, { requestedBy: 'a test' });
    for (const kill of [1, 2]) {
      const worker = await startWorker('hang');
      while ((await attemptsOf('a')).length < kill) await sleep(50);
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
    const last = await startWorker('work');
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    expect(await attemptsOf('a')).toEqual([1, 2, 3]);
    const steps = await readSteps(fixture.pool, run.id);
    expect(steps.map((step) => [step.name, step.state, step.attempt])).toEqual([
      ['one:a', 'succeeded', 3],
      ['one:b', 'succeeded', 1],
      ['two:c', 'succeeded', 1],
    ]);
    last.kill('SIGKILL');
  });

  // Without its fence the very same worker does harm, which is what the fence is for.
  test.each([
    ['write', ['step_taken_over', 'awake'], []],
    ['write-unfenced', ['awake'], [{ step: 'a', attempt: 1 }]],
  ] as const)(
    'but was only frozen writes nothing when it wakes after another attempt began: %s',
    async (habit, words, effects) => {
      const run = await begin();
      const frozen = await startWorker(habit);
      while ((await attemptsOf('a')).length < 1) await sleep(50);
      frozen.kill('SIGSTOP');
      const other = await startWorker('work');
      expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
      expect(await attemptsOf('a')).toEqual([1, 2]);

      const said: unknown[] = [];
      frozen.on('message', (word) => said.push(word));
      frozen.kill('SIGCONT');
      while (!said.includes('awake')) await sleep(20);
      expect(said).toEqual(words);
      expect((await fixture.pool.query('select * from support.effect')).rows).toEqual(effects);
      const steps = await readSteps(fixture.pool, run.id);
      expect(steps.map((step) => [step.name, step.state, step.counts])).toEqual([
        ['one:a', 'succeeded', { attempt: 2 }],
        ['one:b', 'succeeded', { attempt: 1 }],
        ['two:c', 'succeeded', { attempt: 1 }],
      ]);
      for (const worker of [frozen, other]) worker.kill('SIGKILL');
    },
  );
});
