import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { EmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { identifier } from '../src/database/identifier.js';
import type { Delivery, Drop } from '../src/source/drop/drop.js';
import { writeCleanCopy } from './ingest-clean-copy.js';

/**
 * Seconds that a bare COPY takes for each feed: into an existing table, the usual way (`logged`), and into a table created in
 * the same transaction, which a server with `wal_level = minimal` does not log (`unlogged`).
 */
export async function copyBare(
  server: EmbeddedPostgres,
  drop: Drop,
): Promise<{ logged: Map<string, number>; unlogged: Map<string, number> }> {
  const client = new pg.Client({ connectionString: server.urls.owner });
  const superuser = new pg.Client({ connectionString: server.superuserUrl });
  await client.connect();
  await superuser.connect();
  try {
    await client.query('create schema if not exists bare');
    const logged = new Map<string, number>();
    const unlogged = new Map<string, number>();
    for (const delivery of drop.deliveries) {
      const path = `${delivery.path}.clean`;
      await writeCleanCopy(delivery, path);
      for (const [seconds, inOneTransaction] of [
        [logged, false],
        [unlogged, true],
      ] as const) {
        await superuser.query('checkpoint');
        seconds.set(delivery.feed.name, await copyOne(client, { ...delivery, path }, inOneTransaction));
        await client.query('drop table bare.copied');
      }
      await rm(path);
    }
    return { logged, unlogged };
  } finally {
    await client.end();
    await superuser.end();
  }
}

async function copyOne(client: pg.Client, delivery: Delivery, inOneTransaction: boolean): Promise<number> {
  const columns = delivery.feed.columns.map((column) => `${identifier(column)} text`).join(', ');
  const create = () => client.query(`create table bare.copied (${columns})`);
  if (!inOneTransaction) {
    await create();
  }
  const began = process.hrtime.bigint();
  if (inOneTransaction) {
    await client.query('begin');
    await create();
  }
  const copy = client.query(copyFrom('copy bare.copied from stdin (format csv, header)'));
  await pipeline(createReadStream(delivery.path, { highWaterMark: 256 * 1024 }), copy);
  if (inOneTransaction) {
    await client.query('commit');
  }
  return Number(process.hrtime.bigint() - began) / 1e9;
}
