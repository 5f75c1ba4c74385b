import type { PoolClient } from 'pg';
import { z } from 'zod';
import { defineFlow, type FlowContext } from '../src/queue/flow.js';
import { defineJob, type JobContext, planStep } from '../src/queue/job.js';
import { type Replay, replayRejects } from '../src/source/reject-replay.js';
import { publicationOf, publishing, takeTurn } from './drop-flow.js';
import { rebuildWarehouseFlow } from './rebuild-warehouse.js';
import { queues, type Services } from './services.js';

const which = z.object({ feed: z.string().optional(), reason: z.string().optional() });

/** Loads the rejects that pass now, under the file and record number they came with. */
export const replayRejectsJob = defineJob({
  name: 'load-rejects',
  queue: queues.ingest,
  payload: which,
  run: async ({ payload, services, complete }: JobContext<z.output<typeof which>, Services>) => {
    let counts = {};
    await replayRejects(services.pool, services.dataSet.feeds, payload, {
      async beforeCommit(client, replays) {
        const sum = (pick: (replay: Replay) => number) =>
          replays.reduce((total, replay) => total + pick(replay), 0);
        const [tried, loaded] = [sum((replay) => replay.tried), sum((replay) => replay.loaded)];
        counts = { tried, loaded, uncleaned: await countUncleaned(client) };
        await complete(client, counts);
      },
    });
    return counts;
  },
});

/** Rejects that a replay has loaded, this one or one whose run was stopped behind it, and the warehouse has yet to get. */
async function countUncleaned(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `/* jobs: replayed and not cleaned */
     select count(*)::int as count from source.reject r
     where exists (
       select from support.file_transform t where t.file_id = r.file_id and t.created_date <= r.replayed_date
     )`,
  );
  return rows[0]!.count;
}

const payload = which.extend({ ...publishing, mapping: z.enum(['recorded', 'current']).default('recorded') });
type Context = FlowContext<z.output<typeof payload>, Services>;

/** What replaying came to, and whether the warehouse lacks any of it. */
function replayedOf(results: Context['results']) {
  const counts = results.get('replay')?.get('rejects');
  const number = (name: string) => Number(counts?.[name] ?? 0);
  const [tried, loaded] = [number('tried'), number('loaded')];
  return { tried, loaded, isBehind: loaded + number('uncleaned') > 0 };
}

/**
 * Rejects tried again, and where some were loaded the warehouse anew from source: the records belong into the middle of
 * what was cleaned long ago, and the rebuild is what gets that right. Replays are rare. All in the run's turn: records added
 * to a file that is cleaned already would be seen by half the tables of a rebuild under way, and differ in its comparison.
 */
export const replayRejectsFlow = defineFlow({
  name: 'replay-rejects',
  queue: queues.drop,
  payload,
  stages: [
    takeTurn,
    {
      name: 'replay',
      plan: ({ payload: { feed, reason } }: Context) => [
        planStep(replayRejectsJob, 'rejects', { feed, reason }),
      ],
    },
    ...rebuildWarehouseFlow.stages
      .filter(({ name }) => name !== takeTurn.name)
      .map((stage) => ({
        ...stage,
        plan: (context: Context) => (replayedOf(context.results).isBehind ? stage.plan(context) : []),
      })),
  ],
  finish: (context: Context) => {
    const { tried, loaded, isBehind } = replayedOf(context.results);
    if (!isBehind) {
      return { counts: { tried, loaded, published: false } };
    }
    const { publication, counts } = publicationOf(context);
    return { publication, counts: { ...counts, tried, loaded } };
  },
});
