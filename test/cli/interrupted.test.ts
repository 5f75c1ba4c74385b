import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it, vi } from 'vitest';
import { useHomes } from './homes.js';
import { answer, commandLine, leftovers, start } from './marquee.js';

vi.setConfig({ testTimeout: 240_000 });
const newHome = useHomes();
let home: string;
let drop: string;

beforeAll(async () => {
  home = await newHome('first month');
  drop = join(home, 'drops', '2010-12');
});

it('Ctrl-C in the middle of an ingest stops what it started, and the next ingest finishes the drop', async () => {
  const fresh = await newHome('migrated');
  const ingest = start(fresh, ['ingest', drop]);
  // The worker has begun, but nothing is published yet.
  await vi.waitUntil(() => existsSync(join(fresh, 'files')), { timeout: 60_000 });
  await sleep(500);
  ingest.child.kill('SIGINT');
  expect(await ingest.ended).toMatchObject({ code: 130, stdout: '' });
  expect(await leftovers(fresh)).toEqual([]);

  const again = await answer(fresh, ['ingest', drop]);
  expect(again).toMatchObject({ state: 'succeeded', publication: 1 });
  expect(again.reports.movie_score_report).toBeGreaterThan(3000);
});

it.each([100, 200, 300])('Ctrl-C %i ms after the queue began to open stops, too', async (milliseconds) => {
  const fresh = await newHome('migrated');
  const ingest = start(fresh, ['ingest', drop]);
  await vi.waitUntil(() => existsSync(join(fresh, 'files')), { timeout: 60_000 });
  await sleep(milliseconds);
  ingest.child.kill('SIGINT');
  expect(await ingest.ended).toMatchObject({ code: 130, stdout: '' });
  expect(await leftovers(fresh)).toEqual([]);
});

it('a reader that stops reading ends an export quietly, with all its processes', async () => {
  const exporting = start(home, ['export', 'movie_genre_report']);
  await exporting.says(/^genre_id,/);
  exporting.child.stdout!.destroy();
  expect(await exporting.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await leftovers(home)).toEqual([]);
});

it.skipIf(!existsSync('/dev/full'))('a result that cannot be written is an error', async () => {
  for (const parameters of ['export movie_genre_report', 'status', 'rejects --csv']) {
    const { program, environment } = commandLine(home);
    const { status, stderr } = spawnSync('sh', ['-c', `"$0" "$1" ${parameters} > /dev/full`, ...program], {
      env: environment,
      encoding: 'utf8',
    });
    expect({ parameters, status }).toEqual({ parameters, status: 1 });
    expect(stderr).toMatch(/^marquee: .*ENOSPC.*\n$/);
    expect(await leftovers(home)).toEqual([]);
  }
});

// npm forwards to its child the signal that the terminal has sent to both.
it.each([['SIGINT', 'SIGINT'], ['SIGHUP']] as const)('up stops completely on %s %s', async (...signals) => {
  const up = start(home, ['up']);
  await up.says(/Ctrl-C stops/);
  for (const signal of signals) {
    up.child.kill(signal);
    await sleep(20);
  }
  expect(await up.ended).toMatchObject({ code: 0, signal: null });
  expect(await leftovers(home)).toEqual([]);
});

it('a worker whose log has no reader stops when asked to', async () => {
  const worker = start(home, ['worker'], { LOG_LEVEL: 'trace' });
  await once(worker.child.stderr!, 'data');
  worker.child.stderr!.destroy();
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0, signal: null });
  expect(await leftovers(home)).toEqual([]);
});

it.skipIf(!existsSync('/dev/full'))('a worker continues when the disk for its log is full', async () => {
  const { program, environment } = commandLine(home);
  const worker = spawn('sh', ['-c', 'exec "$0" "$1" worker 2> /dev/full', ...program], { env: environment });
  // A rebuild shows that it works, because its log cannot.
  expect(await answer(home, ['rebuild', '--full'])).toMatchObject({ published: false });
  expect(worker.exitCode).toBeNull();
  worker.kill('SIGTERM');
  expect(await once(worker, 'exit')).toEqual([0, null]);
});
