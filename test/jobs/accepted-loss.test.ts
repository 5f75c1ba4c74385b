import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { startTakingBack, startWithdrawing } from '../../jobs/withdraw.js';
import { controlAnswers } from '../../src/queue/control/control-handlers.js';
import type { Run } from '../../src/queue/ledger/run-ledger.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline({}, { maxRowLossShare: 0.2 });
const by = { requestedBy: 'test' };
const query = async (text: string, values: unknown[] = []) =>
  (await pipeline.database.pools.pipeline.query(text, values)).rows;
const films = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => film(String(from + index)));
const served = async () =>
  (await query('select count(*)::int as films from reporting.movie_score_report'))[0].films;
let stopped: Run;

/** As an administrator retries it. */
async function retry(acceptLoss: boolean): Promise<Run> {
  const { runs } = pipeline.worker;
  const args = { id: stopped.id, acceptRejects: false, acceptLoss, idempotencyKey: `${Math.random()}` };
  const about = { action: 'retryRun', caller: 'ann', expiresAt: Number.POSITIVE_INFINITY } as const;
  await controlAnswers({ pool: pipeline.resources.pool, runs, starts: {} }).retryRun(args, {
    ...about,
    arguments: args,
  });
  return pipeline.ended({ run: stopped });
}

beforeAll(async () => {
  for (const [period, records] of [
    ['2017-08', films(1, 4)],
    ['2017-09', films(5, 30)],
  ] as const) {
    const folder = await pipeline.writeDrop(period, { movies_metadata: [...records] });
    const run = await pipeline.worker.runs.start(dropFlow, { folder, period }, by);
    expect(await pipeline.ended(run)).toMatchObject({ state: 'succeeded' });
  }
});

describe('a withdrawal that would lose more rows than allowed', () => {
  it('is not published, and reports what would be left, how to accept it and how to undo it', async () => {
    const request = { fileId: 2, reason: 'wrong month', actor: 'ann' };
    stopped = await pipeline.ended(await startWithdrawing(pipeline.worker.runs, request, by));
    expect(stopped).toMatchObject({ state: 'failed', errorCode: 'checks_failed', publication: null });
    expect(stopped.error).toContain(
      `movie_score_report no_more_rows_are_lost_than_allowed (4 of 30 rows left, maximum share to lose: 0.2). The current reports stay live. To accept this loss, run marquee retry ${stopped.id} --accept-loss. Otherwise, marquee withdraw 2 --undo --reason TEXT brings back the file, which is already removed from the warehouse.`,
    );
    expect(await served()).toBe(30);
    expect(await retry(false)).toMatchObject({ state: 'failed', errorCode: 'checks_failed' });
  });

  it('is not accepted because an earlier attempt was, which may have lost fewer rows', async () => {
    await query(`update support.run set payload = payload || '{"lossAcceptedBy": "eve"}' where id = $1`, [
      stopped.id,
    ]);
    expect(await retry(false)).toMatchObject({ state: 'failed', errorCode: 'checks_failed' });
  });

  it('is published when an operator accepts it, and the publication records who did', async () => {
    expect(await retry(true)).toMatchObject({ state: 'succeeded', error: null, publication: 3 });
    expect(await served()).toBe(4);
    const [{ checks, check_state: state }] = await query(
      'select checks, check_state from reporting.publication where number = 3',
    );
    expect(state).toBe('warned');
    const accepted = checks.filter((check: { acceptedBy?: string }) => check.acceptedBy !== undefined);
    expect(accepted).toContainEqual({
      report: 'movie_score_report',
      check: 'no_more_rows_are_lost_than_allowed',
      severity: 'blocking',
      offenders: 1,
      acceptedBy: 'ann',
    });
    expect(
      await query(
        `select distinct check_name, accepted_by from support.check_result
         where publication = 3 and accepted_by is not null`,
      ),
    ).toEqual([{ check_name: 'no_more_rows_are_lost_than_allowed', accepted_by: 'ann' }]);
  });

  it('can be undone like any other', async () => {
    const request = { fileId: 2, reason: 'right after all', actor: 'bob' };
    const ended = await pipeline.ended(await startTakingBack(pipeline.worker.runs, request, by));
    expect(ended).toMatchObject({ state: 'succeeded', publication: 4 });
    expect(await served()).toBe(30);
  });
});
