import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { useEmbeddedPostgres } from '../../../src/database/embedded/embedded-postgres.js';
import { emptyPlace, queuePlaces } from '../../queue/queue-places.js';
import { useHomes } from '../homes.js';
import { answer, leftovers, run, start } from '../marquee.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const newHome = useHomes();
const unknown = '00000000-0000-4000-8000-000000000000';

let large: string;
beforeAll(async () => {
  const home = await newHome();
  const size = ['--movies', '20000', '--ratings', '2000000'];
  large = (await answer(home, ['sample', '--out', join(home, 'large'), ...size]))[0].dir;
});

describe.each(queuePlaces())('runs requested by id, with queues on $kind', (place) => {
  const location = place.location('');
  const queues: Record<string, string> =
    location.kind === 'redis' ? { REDIS_URL: location.url, QUEUE_PREFIX: location.prefix } : {};
  let home: string;
  let drops: string[];
  beforeAll(async () => {
    home = await newHome('migrated');
    const size = ['--movies', '50', '--ratings', '200', '--delta', '0.5'];
    const sample = await answer(home, ['sample', '--out', join(home, 'drops'), ...size]);
    drops = sample.map(({ dir }: { dir: string }) => dir);
  });
  afterAll(() => emptyPlace(location));

  const ask = (parameters: string[], more: Record<string, string> = {}) =>
    run(home, parameters, { ...queues, ...more });
  const stateOf = async (id: string) =>
    (await answer(home, ['runs'], queues)).find((each: { id: string }) => each.id === id)?.state;
  const expectOneSentence = (
    ended: { code: number | null; stdout: string; stderr: string },
    what: string,
    code = 1,
  ) => {
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(what) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  };

  it('retry publishes a failed drop once its file is corrected, and loads nothing twice', async () => {
    const drop = join(home, basename(drops[0]!));
    await cp(drops[0]!, drop, { recursive: true });
    const links = join(drop, 'links.csv');
    const right = await readFile(links, 'utf8');
    await writeFile(links, right.replace('imdbId', 'imdb'));
    const failed = JSON.parse((await ask(['ingest', drop, '--json'])).stdout);
    expect(failed).toMatchObject({ state: 'failed', publication: null });

    const again = await ask(['retry', failed.run]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/the run .* is failed: .*imdbId/) });

    await writeFile(links, right);
    const retried = await answer(home, ['retry', failed.run], queues);
    expect(retried).toMatchObject({ run: failed.run, state: 'succeeded', publication: 1, published: true });
    expect(retried.errors).toEqual([]);
    expect(retried.feeds.links).toMatchObject({ rejected: 0 });
    const { files } = await answer(home, ['status'], queues);
    expect(files.map(({ state }: { state: string }) => state)).toEqual(Array(5).fill('loaded'));

    expectOneSentence(await ask(['retry', failed.run]), 'is succeeded; only a run that failed');
    expectOneSentence(await ask(['cancel', failed.run]), `Run ${failed.run} has already succeeded; only`);
  });

  it('cancel stops a run of another process, which then reports it', async () => {
    const ingest = start(home, ['ingest', large, '--json'], queues);
    const running = await vi.waitUntil(
      async () => (await answer(home, ['runs', '--state', 'running'], queues))[0],
      { timeout: 60_000 },
    );
    expect(await ask(['cancel', running.id])).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = await ingest.ended;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ run: running.id, state: 'cancelled', published: false });
  });

  // The ledger decides the rest, wherever the queues are.
  if (place.kind === 'postgres') {
    it('cancel ends a held drop, and retry with --accept-rejects loads it', async () => {
      const strict = { MAX_REJECT_SHARE: '0' };
      await appendFile(join(drops[1]!, 'links.csv'), 'one field\n');
      const held = JSON.parse((await ask(['ingest', drops[1]!, '--json'], strict)).stdout);
      expect(held.state).toBe('held');
      expect((await ask(['retry', held.run], strict)).stderr).toContain(`the run ${held.run} is held`);

      expect(await ask(['cancel', held.run])).toMatchObject({
        code: 0,
        stdout: `The run ${held.run} is cancelled.\n`,
        stderr: '',
      });
      expect(await answer(home, ['cancel', held.run], queues)).toEqual({
        run: held.run,
        kind: 'drop',
        state: 'cancelled',
        publication: null,
      });
      expect(await stateOf(held.run)).toBe('cancelled');

      const accepted = await ask(['retry', held.run, '--accept-rejects'], strict);
      expect(accepted).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Published as publication 2'),
      });
    });

    it('the audit contains each request, its user and its refusal', async () => {
      const postgres = await useEmbeddedPostgres(home, 'disposable');
      const database = new pg.Client(postgres.urls.owner);
      await database.connect();
      const { rows } = await database.query(
        `select actor, action, outcome from support.audit_event where action like '%Run' order by id`,
      );
      await database.end();
      await postgres.release();
      expect(rows.length).toBeGreaterThan(5);
      expect(rows.filter(({ actor }) => !/^cli:/.test(actor))).toEqual([]);
      expect(rows.map(({ action, outcome }) => `${action} ${outcome}`.slice(0, 40))).toEqual(
        expect.arrayContaining([
          'retryRun accepted',
          'cancelRun accepted',
          'retryRun refused: run_not_retryable: Run',
          'cancelRun refused: run_not_cancellable: ',
        ]),
      );
    });

    it('an unknown run is refused with one sentence, and a malformed id as wrong usage', async () => {
      for (const command of ['retry', 'cancel']) {
        expectOneSentence(await ask([command, unknown]), `Run ${unknown} does not exist`, 2);
        expect(await ask([command, 'newest'])).toMatchObject({
          code: 2,
          stdout: '',
          stderr: expect.stringContaining('expected the id of a run'),
        });
      }
      expect(await leftovers(home)).toEqual([]);
    });
  }
});
