import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { retireFlow } from '../../jobs/retire.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;

async function drop(period: string, films: Record<string, string>[]) {
  const folder = await pipeline.writeDrop(period, { movies_metadata: films });
  return pipeline.ended(
    await pipeline.worker.runs.start(dropFlow, { folder, period }, { requestedBy: 'test' }),
  );
}

const published = () =>
  query(`select (select count(*)::int from reporting.movie_score_report) as films,
    (select max(number)::int from reporting.publication) as publication`);

/**
 * Empties every table that is not logged when the job begins for the first time, as Postgres does when it starts after a crash.
 * This stands in for the crash itself: the tests share the server.
 */
async function loseBuildsBefore(job: string): Promise<void> {
  await query(`
    create or replace function public.lose_builds() returns trigger language plpgsql as $$
    declare lost regclass;
    begin
      for lost in select oid from pg_class where relpersistence = 'u' and relkind = 'r' loop
        execute format('truncate %s', lost);
      end loop;
      return null;
    end $$;
    alter function public.lose_builds() security definer;
    drop trigger if exists lose_builds on support.run_step;
    create trigger lose_builds after update on support.run_step for each row
      when (new.job_name = '${job}' and new.state = 'running' and new.attempt = 1 and old.attempt = 0)
      execute function public.lose_builds()`);
}

describe('a database crash between build and publication', () => {
  beforeAll(async () => {
    await drop('2017-06', [film('1'), film('2'), film('3')]);
  });

  it.each([
    ['check-reports', '2017-07', '11'],
    ['publish', '2017-08', '12'],
  ])('before %s is not taken for a loss of rows: the builds are made again', async (job, period, id) => {
    const [before] = await published();
    await loseBuildsBefore(job);
    const run = await drop(period, [film(id), film('2', { budget: id, genres: '[]' })]);
    expect(run).toMatchObject({ state: 'succeeded' });
    const [after] = await published();
    expect(after).toEqual({ films: before.films + 1, publication: before.publication + 1 });
    // The checks belong to what was published.
    expect(
      await query(`select count(*)::int > 10 as checked, bool_and(offender_count = 0 or severity = 'warning') as passed
        from support.check_result where publication = ${after.publication}`),
    ).toEqual([{ checked: true, passed: true }]);
    expect(pipeline.said.filter((sentence) => sentence.includes('lost builds'))).not.toHaveLength(0);
    pipeline.said.length = 0;
  });

  it('is found also when a build has no rows, because a film only left its report', async () => {
    await loseBuildsBefore('publish');
    const [before] = await published();
    const { run } = await pipeline.worker.runs.start(
      retireFlow,
      { table: 'movies', keys: [{ movie_id: '3' }], reason: 'sent by mistake', actor: 'test' },
      { requestedBy: 'test' },
    );
    await pipeline.ended({ run });
    expect(pipeline.said.join()).toContain('lost builds');
    expect(await query('select from reporting.movie_genre_report where movie_id = 3')).toEqual([]);
    expect(await published()).toEqual([{ films: before.films - 1, publication: before.publication + 1 }]);
  });
});
