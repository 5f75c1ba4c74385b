import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { useHomes } from '../homes.js';
import { answer, leftovers, paste, type Running, run, start } from '../marquee.js';

// Several whole starts one after another are slow on a busy machine.
vi.setConfig({ testTimeout: 240_000 });
const newHome = useHomes();

/** The pasteable request, once the start has printed it and the table under it. */
async function printedRequest(up: Running): Promise<string> {
  await up.says(/Ctrl-C stops/);
  return /^curl .*$/m.exec(up.said())![0];
}

interface Companies {
  data: { productionCompanyReport: { nodes: { productionCompanyName: string; profit: string }[] } };
}

describe('marquee up on a new home', () => {
  it('loads real films, prints a request that works when pasted, stops on Ctrl-C and starts again with its data', async () => {
    const home = await newHome();
    const first = start(home, ['up']);
    const request = await printedRequest(first);
    expect(first.said()).toContain('The database is new: loading the sample');

    const response = await paste(request);
    expect(response.status).toBe(200);
    const { nodes } = ((await response.json()) as Companies).data.productionCompanyReport;
    expect(nodes).toHaveLength(10);
    expect(nodes.map((node) => node.productionCompanyName)).toContain('Walt Disney Pictures');
    for (const { productionCompanyName } of nodes) {
      expect(first.said()).toMatch(new RegExp(`^${productionCompanyName.replaceAll('.', '\\.')} +\\d`, 'm'));
    }

    const unknown = await paste(request.replace(/Bearer [^']+/, 'Bearer nonsense'));
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
    const without = await paste(request.replace(/-H 'authorization: [^']+'/, ''));
    expect(without.status).toBe(401);
    // RFC 6750, 3.1: a request without a token gets no error code.
    expect(without.headers.get('www-authenticate')).toMatch(/^Bearer(?!.*error=)/);

    const second = await run(home, ['up']);
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('A server is already running under'),
    });
    const token = (await run(home, ['token', '--client', 'demo-partner'])).stdout.trim();
    expect((await paste(request.replace(/Bearer [^']+/, `Bearer ${token}`))).status).toBe(200);
    const status = await answer(home, ['status']);
    expect(status.publication.number).toBe(2);
    expect(status.files).toHaveLength(10);
    expect(status).toMatchObject({ verdict: 'All good.', late: [] });

    first.child.kill('SIGINT');
    // The sample ends in 2011, so no feed of it is late.
    expect(await first.ended).toMatchObject({ code: 0, stderr: '' });
    expect(await leftovers(home)).toEqual([]);

    const again = start(home, ['up']);
    const sameQuestion = await printedRequest(again);
    expect(again.said()).not.toContain('Loading');
    expect(
      ((await (await paste(sameQuestion)).json()) as Companies).data.productionCompanyReport.nodes,
    ).toEqual(nodes);
    again.child.kill('SIGTERM');
    expect(await again.ended).toMatchObject({ code: 0 });
    expect(await leftovers(home)).toEqual([]);
  });

  it('runs next to another one with a separate home', async () => {
    const homes = [await newHome('sample'), await newHome('sample')];
    const both = homes.map((home) => start(home, ['up']));
    const requests = await Promise.all(both.map(printedRequest));
    for (const request of requests) {
      expect((await paste(request)).status).toBe(200);
    }
    const [mine, others] = requests.map((request) => request.replace(/.*(http\S+).*/, '$1'));
    expect(mine).not.toBe(others);
    for (const up of both) {
      up.child.kill('SIGINT');
      expect(await up.ended).toMatchObject({ code: 0 });
    }
    expect(await Promise.all(homes.map(leftovers))).toEqual([[], []]);
  });

  it('stays up when a policy refuses the example query', async () => {
    const home = await newHome('sample');
    const policy = join(home, 'policy.json');
    await writeFile(
      policy,
      JSON.stringify({ clients: { 'demo-partner': { reports: { genre_report: {} } } } }),
    );
    const up = start(home, ['up'], { POLICY_FILE: policy });
    await up.says(/Ctrl-C stops/);
    expect(up.said()).not.toContain('curl');
    const token = (await run(home, ['token', '--client', 'demo-partner'])).stdout.trim();
    const [url] = /http\S+graphql$/m.exec(up.said())!;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ genreReport { totalCount } }' }),
    });
    expect(response.status).toBe(200);
    up.child.kill('SIGINT');
    expect(await up.ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^warning: no example query is shown, .*production_company_report/),
    });
  });

  it('reports a port in use, and leaves nothing running', async () => {
    const home = await newHome('migrated');
    const holder = createServer();
    await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening));
    const port = String((holder.address() as AddressInfo).port);
    const ended = await run(home, ['up'], { PORT: port, ISSUER_PORT: '0' });
    holder.close();
    // One sentence: what the queue's connections say when the database is stopped is no news.
    const sentence = new RegExp(
      `^marquee: The API .*:${port} .*; stop the process that uses the port, or set another PORT.*\\n$`,
    );
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) });
    expect(await leftovers(home)).toEqual([]);
  });
});

describe('a home with the sample', () => {
  it('refuses other drops, and takes one with --fresh instead of the sample', async () => {
    const home = await newHome('first month');
    const drop = join(home, 'my files of 2017-08');
    await mkdir(drop);
    await writeFile(join(drop, 'links.csv'), 'movieId,imdbId,tmdbId\n1,1,1\n');
    const refused = await run(home, ['ingest', drop]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^marquee: .*my files of 2017-08 was not written by marquee sample, .* marquee up --fresh DROP, or use another home.*\n$/,
    );
    const fresh = start(home, ['up', '--fresh', drop]);
    await fresh.says(/Ctrl-C stops/);
    expect(fresh.said()).toMatch(/Removing the sample[\s\S]*Loading [\s\S]*publication 1\n/);
    expect((await answer(home, ['status'])).files).toMatchObject([{ feed: 'links', period: '2017-08' }]);
    fresh.child.kill('SIGINT');
    expect(await fresh.ended).toMatchObject({ code: 0 });
    // Nothing but the sample can be written again.
    expect(await run(home, ['up', '--fresh', drop])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds your own files, and --fresh only replaces the sample'),
    });
    expect(await leftovers(home)).toEqual([]);
  });
});
