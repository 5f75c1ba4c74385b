import { beforeAll, describe, expect, it } from 'vitest';
import { listOpenRuns, listRuns, listRunsWithSteps } from '../../../src/queue/ledger/list-runs.js';
import { createRun } from '../../../src/queue/ledger/run-ledger.js';
import { insertSteps } from '../../../src/queue/ledger/step-ledger.js';
import { useDatabase } from '../../database-fixture.js';

const database = useDatabase();
const pool = () => database.pools.pipeline;

describe('lists of runs', () => {
  const ids: string[] = [];

  beforeAll(async () => {
    for (const index of [0, 1, 2, 3, 4]) {
      const { run } = await createRun(pool(), {
        kind: index === 4 ? 'rebuild' : 'drop',
        queue: 'drop',
        payload: { index },
        requestedBy: 'a test',
      });
      ids.push(run.id);
      // All in one millisecond, and of the microseconds two are equal: then the id decides.
      await pool().query(
        `update support.run set state = $2, created_date = timestamptz '2026-01-01 10:00:00.123'
           + $3::int * interval '1 microsecond' where id = $1`,
        [run.id, index === 0 ? 'succeeded' : 'queued', Math.min(index, 3)],
      );
      await insertSteps(pool(), run.id, 0, [
        { name: 'load:b', jobName: 'load', queue: 'q', payload: {}, dependsOn: [] },
        { name: 'load:a', jobName: 'load', queue: 'q', payload: { n: 1 }, dependsOn: ['load:b'] },
      ]);
    }
    await pool().query(`update support.run_step set state = 'succeeded' where run_id = $1`, [ids[0]]);
  });

  const newestFirst = () => [...[ids[3]!, ids[4]!].sort().reverse(), ids[2], ids[1], ids[0]];

  it('show the newest first, with the number of steps and of steps that are done', async () => {
    const found = await listRuns(pool());
    expect(found.map(({ id }) => id)).toEqual(newestFirst());
    expect(found.map(({ steps, stepsDone }) => [steps, stepsDone])).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
      [2, 0],
      [2, 2],
    ]);
    expect(await listRuns(pool(), { state: 'succeeded', limit: 1 })).toMatchObject([{ id: ids[0] }]);
  });

  it('continue exactly after a run, even when many were created in the same millisecond', async () => {
    const seen: string[] = [];
    for (let after: string | undefined; seen.length < ids.length; after = seen.at(-1)) {
      const [next, ...more] = await listRunsWithSteps(pool(), { after, limit: 1 });
      expect(more).toEqual([]);
      seen.push(next!.run.id);
    }
    expect(seen).toEqual(newestFirst());
    expect(await listRunsWithSteps(pool(), { after: seen.at(-1) })).toEqual([]);
    expect(await listRunsWithSteps(pool(), { limit: 0 })).toEqual([]);
  });

  it('can be filtered by state, kind and time, and have the steps in the order of the plan', async () => {
    const filters = {
      states: ['queued'],
      kinds: ['drop'],
      createdSince: new Date('2026-01-01T10:00:00.123Z'),
    };
    const found = await listRunsWithSteps(pool(), filters);
    expect(found.map(({ run }) => run.id)).toEqual([ids[3], ids[2], ids[1]]);
    expect(found[0]!.steps.map(({ name, runKind, dependsOn }) => [name, runKind, dependsOn])).toEqual([
      ['load:b', 'drop', []],
      ['load:a', 'drop', ['load:b']],
    ]);
    expect(await listRunsWithSteps(pool(), { createdSince: new Date('2026-01-02') })).toEqual([]);
  });

  it('show open runs oldest first', async () => {
    const open = (await listOpenRuns(pool())).map(({ id }) => id);
    expect(open).toEqual(newestFirst().slice(0, 4).reverse());
  });
});
