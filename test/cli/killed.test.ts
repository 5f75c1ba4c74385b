import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { useHomes } from './homes.js';
import { answer, leftovers, paste, postmasterOf, run, start } from './marquee.js';

vi.setConfig({ testTimeout: 240_000 });
const newHome = useHomes();

it('a start killed mid-load does not block the next start, which completes the load', async () => {
  const home = await newHome();
  const killed = start(home, ['up']);
  await killed.says(/Loading .*2010-12/);
  await sleep(700);
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
  for (const command of ['status', 'runs']) {
    expect((await run(home, [command])).stdout).toMatch(/running(.*\n)*No worker is running/);
  }

  const next = start(home, ['up']);
  await next.says(/Ctrl-C stops/);
  const { publication, files } = await answer(home, ['status']);
  expect(publication.number).toBe(2);
  expect(publication.rowCounts.movie_score_report).toBeGreaterThan(3000);
  expect(files.map((file: { state: string }) => file.state)).toEqual(Array(10).fill('loaded'));

  // Kill the database server while marquee is running: it must restart it.
  const server = postmasterOf(home)!;
  process.kill(server, 'SIGKILL');
  const request = /^curl .*$/m.exec(next.said())![0];
  await expect.poll(() => postmasterOf(home), { timeout: 30_000, interval: 200 }).not.toBe(server);
  await expect.poll(async () => (await paste(request)).status, { timeout: 30_000, interval: 200 }).toBe(200);

  // Kill both at once.
  next.child.kill('SIGKILL');
  process.kill(postmasterOf(home)!, 'SIGKILL');
  await next.ended;
  const last = start(home, ['up']);
  await last.says(/Ctrl-C stops/);
  expect(last.said()).not.toContain('Loading');
  expect((await paste(/^curl .*$/m.exec(last.said())![0])).status).toBe(200);
  last.child.kill('SIGINT');
  expect(await last.ended).toMatchObject({ code: 0 });
  expect(await leftovers(home)).toEqual([]);
});
