import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import { ledger } from '../src/database/prisma-client.js';
import { defineFlow, type FlowContext } from '../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../src/queue/ledger/job.js';
import { type Replay, replayRejects } from '../src/source/load/reject-replay.js';
import { rebuildWarehouseFlow } from './rebuild-warehouse.js';
import { queues, type Services } from './services.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { publicationOf, publishing } from './stages/publish-stages.js';

const which = z.object({ feed: z.string().optional(), reason: z.string().optional() });

/** Loads the rejects that are valid now, with their original file and record number. */
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
        const waiting = await uncleanedReplays(client);
        const uncleaned = waiting.reduce((total, { records }) => total + records, 0);
        counts = { tried, loaded, uncleaned };
        await complete(client, counts);
      },
    });
    return counts;
  },
});

/** A file with rejects that this replay or an interrupted one has loaded and that are not in the warehouse yet. */
export interface UncleanedReplay {
  readonly id: number;
  readonly name: string;
  readonly period: string;
  readonly records: number;
  /** One sentence for users. */
  readonly detail: string;
}

/** Finds the files whose replayed rejects are loaded and not in the warehouse, while no run is processing them. */
export async function findUncleanedReplays(pool: Pool): Promise<UncleanedReplay[]> {
  const { run } = await ledger(pool);
  const underWay = await run.findFirst({
    where: {
      kind: { in: [replayRejectsFlow.name, rebuildWarehouseFlow.name] },
      state: { in: ['queued', 'running'] },
    },
    select: { id: true },
  });
  return underWay === null ? await uncleanedReplays(pool) : [];
}

async function uncleanedReplays(database: Pool | PoolClient): Promise<UncleanedReplay[]> {
  const { rows } = await database.query<Omit<UncleanedReplay, 'detail'>>(
    `/* jobs.replayed_and_not_cleaned */
     select f.id, f.name, f.period, count(*)::int as records
     from source.reject r
     join source.file f on f.id = r.file_id
     where exists (
       select from support.file_transform t where t.file_id = r.file_id and t.created_date <= r.replayed_date
     )
     group by f.id
     order by f.period, f.id`,
  );
  return rows.map((file) => ({
    ...file,
    detail: `${file.records} ${file.records === 1 ? 'reject' : 'rejects'} of ${file.name} of ${file.period} (file ${file.id}) loaded by a replay that ended before the warehouse was rebuilt. To add them to the warehouse: marquee ingest --replay-rejects.`,
  }));
}

const payload = which.extend({ ...publishing, mapping: z.enum(['recorded', 'current']).default('recorded') });
type Context = FlowContext<z.output<typeof payload>, Services>;

/** The result of the replay, and whether the warehouse lacks any of its records. */
function replayedOf(results: Context['results']) {
  const counts = results.get('replay')?.get('rejects');
  const number = (name: string) => Number(counts?.[name] ?? 0);
  const [tried, loaded] = [number('tried'), number('loaded')];
  return { tried, loaded, isBehind: loaded + number('uncleaned') > 0 };
}

/**
 * Tries rejects again; if some were loaded, rebuilds the warehouse from source, since the records belong between others that
 * were cleaned long ago. Replays are rare. The run keeps its turn for all of this: otherwise only some tables of a running rebuild
 * would contain the added records, and its comparison would fail.
 */
export const replayRejectsFlow = defineFlow({
  name: 'replay-rejects',
  queue: queues.drop,
  payload,
  stages: [
    exclusiveStage,
    {
      name: 'replay',
      plan: ({ payload: { feed, reason } }: Context) => [
        planStep(replayRejectsJob, 'rejects', { feed, reason }),
      ],
    },
    ...rebuildWarehouseFlow.stages
      .filter(({ name }) => name !== exclusiveStage.name)
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
