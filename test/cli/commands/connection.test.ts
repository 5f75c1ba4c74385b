import pg from 'pg';
import { expect, it, vi } from 'vitest';
import { useEmbeddedPostgres } from '../../../src/database/embedded/embedded-postgres.js';
import { useHomes } from '../homes.js';
import { answer, run } from '../marquee.js';

vi.setConfig({ testTimeout: 120_000 });
const newHome = useHomes();

it('marquee connection prints a URL that works for BI tools and can only read the reports', async () => {
  const home = await newHome('migrated');
  const server = await useEmbeddedPostgres(home, 'disposable');
  const { url, psql, user, schema, running } = await answer(home, ['connection', '--json']);
  expect({ psql, user, schema, running }).toEqual({
    psql: `psql '${url}'`,
    user: 'marquee_bi',
    schema: 'reporting',
    running: true,
  });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  expect((await client.query('select from genre_report')).rowCount).toBe(0);
  expect((await client.query("select fold('Amélie') as name")).rows).toEqual([{ name: 'amelie' }]);
  await expect(client.query('select from warehouse.movies')).rejects.toThrow('permission denied');
  await client.end();
  await server.release();
});

it('marquee connection exits with 1 in a home without a database', async () => {
  const ended = await run(await newHome(), ['connection']);
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('run marquee up first'),
  });
});
