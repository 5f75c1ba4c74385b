import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPool } from '../../src/database/pool.js';
import { cleanTable } from '../../src/warehouse/clean/clean-table.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../database-fixture.js';
import { install, personalDataKey } from './cleaning.js';
import { historyOf } from './history/history.js';
import { loadRecords } from './source-rows.js';

const database = useDatabase();

/** Stands between a client and Postgres, and cuts the connection when a commit has been done but not yet answered. */
const proxy = createServer((client) => {
  const { hostname, port } = new URL(database.urls.pipeline);
  const server: Socket = connect(Number(port), hostname);
  let committing = false;
  client.on('data', (bytes: Buffer) => {
    committing ||= cutting && bytes.includes('commit\0');
    server.write(bytes);
  });
  server.on('data', (bytes: Buffer) => {
    if (committing) client.destroy();
    else client.write(bytes);
  });
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
let cutting = false;

beforeAll(async () => {
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterAll(() => proxy.close());

it('cleans a file once though the connection is cut between the commit and its answer', async () => {
  const direct = database.pools.pipeline;
  await install(direct);
  const file = await loadRecords(direct, 'links', '2017-08', [{ movieId: '1', imdbId: '1', tmdbId: '10' }]);
  const url = new URL(database.urls.pipeline);
  url.port = String((proxy.address() as { port: number }).port);
  const cut = openPool(url.href, 'test cut');
  const request = {
    table: 'movie_links',
    fileIds: [file],
    mapping: (await currentMapping(direct))!,
    personalDataKey,
  };
  cutting = true;
  await expect(cleanTable(cut, request)).rejects.toThrow();
  cutting = false;
  // It was done, and whoever tried does not know: the next attempt finds it in the ledger.
  expect(await historyOf(direct, 'movie_links')).toHaveLength(1);
  expect(await cleanTable(cut, request)).toMatchObject({ entries: 0, inserted: 0 });
  expect(await historyOf(direct, 'movie_links')).toHaveLength(1);
  await cut.end();
});
