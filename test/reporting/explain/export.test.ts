import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { openPool } from '../../../src/database/pool.js';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { exportPublication, exportReport } from '../../../src/reporting/explain/export.js';
import { publish } from '../../../src/reporting/publish/publish.js';
import { useDatabase } from '../../database-fixture.js';
import { buildAll, checkAll, report } from '../publish-reports.js';
import { reportOf } from '../report-of.js';

describe('exporting a report', () => {
  const database = useDatabase();

  async function exported(name: string, format: 'csv' | 'json'): Promise<string> {
    const client = await database.pools.reader.connect();
    try {
      return await text(exportReport(client, report(name), format));
    } finally {
      client.release();
    }
  }

  it('writes CSV in the order of the key, with a header and empty fields for the unknown', async () => {
    await reportOf(database, 'movie_genre_report', { title: 'Say "Hi",\nHo', budget: 30 }, { genres: [12] });
    expect(await exported('movie_genre_report', 'csv')).toBe(
      'genre_id,genre_name,movie_id,movie_name,budget,revenue,profit,release_date,source_file,source_record\n' +
        '12,Genre 12,2,Film 2,,,,1995-10-30,movies_metadata.csv,2\n' +
        '16,Animation,1,"Say ""Hi"",\nHo",30,,,1995-10-30,movies_metadata.csv,1\n',
    );
  });

  it('guards a text that a spreadsheet would run as a formula, and no number', async () => {
    const titles = ['=1+1', '+1', '-2', '@a', '\ttab', 'back\\slash\ttab', 'plain'];
    await reportOf(
      database,
      'movie_genre_report',
      ...titles.map((title) => ({ title, revenue: 1, budget: 3 })),
    );
    const csv = await exported('movie_genre_report', 'csv');
    expect(csv).toContain(`,"'=1+1",3,1,-2,`);
    expect(csv).toContain(',"\'@a",');
    expect(csv).toContain(',+1,3,1,-2,'.replace('+1', `"'+1"`));
    expect(csv).toContain(',-2,3,1,-2,');
    expect(csv).toContain(',back\\slash\ttab,3,1,-2,');
    expect(csv).toContain(',plain,3,1,-2,');
  });

  it('writes JSON that holds every text and every digit', async () => {
    const title = 'Say "Hi",\nHo \\ \u0001\u0002 Ä';
    await reportOf(database, 'movie_genre_report', { title, budget: '12345678901234567890.5' });
    const json = await exported('movie_genre_report', 'json');
    expect(json).toContain('"budget":12345678901234567890.5,');
    expect(JSON.parse(json)).toMatchObject([
      { movie_name: title, release_date: '1995-10-30', revenue: null },
    ]);
  });

  it('writes days as the standard does, whatever the database has set', async () => {
    await reportOf(database, 'movie_genre_report', { title: 'Coco' });
    await database.pools.owner.query(`alter database ${database.name} set datestyle = 'German, DMY'`);
    const pool = openPool(database.urls.reader, 'test days');
    const client = await pool.connect();
    try {
      expect(await text(exportReport(client, report('movie_genre_report'), 'csv'))).toContain(',1995-10-30,');
    } finally {
      client.release();
      await pool.end();
      await database.pools.owner.query(`alter database ${database.name} reset datestyle`);
    }
  });

  it('writes an empty JSON array for an empty report', async () => {
    await reportOf(database, 'movie_genre_report');
    expect(JSON.parse(await exported('movie_genre_report', 'json'))).toEqual([]);
  });

  it('writes one JSON object per row however the bytes are cut', async () => {
    const films = Array.from({ length: 400 }, (_, place) => ({ title: 'x'.repeat(place), genres: [16, 18] }));
    await reportOf(database, 'movie_genre_report', ...films);
    expect(JSON.parse(await exported('movie_genre_report', 'json'))).toHaveLength(800);
  });

  it('takes as long as who receives it, whatever a statement of the role may take', async () => {
    const title = 'x'.repeat(200_000);
    await reportOf(database, 'movie_genre_report', ...Array.from({ length: 60 }, () => ({ title })));
    const { connectionString } = database.pools.reader.options;
    const hasty = openPool(`${connectionString}?options=-c%20statement_timeout%3D300`, 'marquee test', 1);
    let length = 0;
    try {
      await exportPublication(hasty, report('movie_genre_report'), { format: 'csv' }, async (rows) => {
        await sleep(600);
        length = (await text(rows)).length;
      });
    } finally {
      await hasty.end();
    }
    expect(length).toBeGreaterThan(60 * title.length);
  });

  it('is of the publication asked for, though another one comes meanwhile and has it forgotten', async () => {
    const { pipeline, reader } = database.pools;
    await reportOf(database, 'genre_report', { budget: 30 });
    const publishBudget = async (budget: number) => {
      await pipeline.query('update warehouse.movies set budget = $1', [budget]);
      await checkAll(pipeline, await buildAll(pipeline));
      await inTransaction(pipeline, (client) =>
        publish(client, reports, { runId: null, retainedPublications: 1 }),
      );
    };
    await publishBudget(31);
    const asked = afterStatement(reader, 'find_earliest_retained', () => publishBudget(32));
    let csv = '';
    await exportPublication(
      asked,
      report('genre_report'),
      { format: 'csv', publication: 1 },
      async (rows) => {
        csv = await text(rows);
      },
    );
    expect(csv).toContain('1995,16,Animation,30,');
    expect(asked.times).toBe(1);
  });
});

/** A pool, something happening the first time that a statement of a name has been answered. */
function afterStatement(
  pool: pg.Pool,
  name: string,
  happen: () => Promise<void>,
): pg.Pool & { times: number } {
  const watched = Object.create(pool) as pg.Pool & { times: number };
  watched.times = 0;
  watched.connect = (async () => {
    const client = await pool.connect();
    const ask = client.query.bind(client) as (...statement: unknown[]) => Promise<pg.QueryResult>;
    const watching = Object.create(client) as pg.PoolClient;
    watching.query = ((...statement: unknown[]) => {
      const answer = ask(...statement);
      if (!JSON.stringify(statement[0] ?? '').includes(name) || watched.times > 0) return answer;
      watched.times += 1;
      return answer.then(async (result) => {
        await happen();
        return result;
      });
    }) as typeof client.query;
    return watching;
  }) as typeof pool.connect;
  return watched;
}
