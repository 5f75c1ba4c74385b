import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { QueryBatcher } from '../../../src/api/page-plan/query-batcher.js';
import { useDatabase } from '../../database-fixture.js';

const database = useDatabase();
let reads: QueryBatcher;
/** Texts of the statements that Postgres received. */
let sent: string[];
beforeAll(() => {
  database.pools.reader.on('connect', (client) => {
    const send = client.query.bind(client);
    client.query = ((...args: Parameters<typeof send>) => {
      const { text } = args[0] as { text?: string };
      if (text) sent.push(text);
      return send(...args);
    }) as typeof client.query;
  });
});
beforeEach(() => {
  reads = new QueryBatcher(database.pools.reader);
  sent = [];
});

const DOUBLED = 'select $1::int4 * 2, $2::text';

describe('reads in one turn of the event loop', () => {
  it('are sent together, and each gets the row for its own values', async () => {
    const rows = await Promise.all(
      Array.from({ length: 20 }, (_, index) => reads.row(DOUBLED, [index, `it's "${index}", {x}\\`])),
    );
    expect(rows).toEqual(rows.map((_, index) => [index * 2, `it's "${index}", {x}\\`]));
    expect(sent).toHaveLength(3);
  });

  it('are sent separately if their texts differ or a value is a list', async () => {
    const rows = await Promise.all([
      reads.row('select $1::int4 + 1', [1]),
      reads.row('select $1::int4 + 2', [1]),
      reads.row('select cardinality($1::int4[])', [[1, 2]]),
      reads.row('select cardinality($1::int4[])', [[1, 2, 3]]),
      reads.row('select 7', []),
      reads.row('select 7', []),
    ]);
    expect(rows).toEqual([[2], [3], [2], [3], [7], [7]]);
    expect(sent).toHaveLength(6);
  });

  it('fail independently', async () => {
    const answers = await Promise.allSettled(
      [4, 0, 2].map((divisor) => reads.row('select 8 / $1::int4', [divisor])),
    );
    expect(
      answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.code)),
    ).toEqual([[2], '22012', [4]]);
  });

  it('are sent again alone if they take too long together', async () => {
    const hurried = new pg.Pool({
      connectionString: database.urls.reader,
      options: '-c statement_timeout=500',
    });
    const hurriedReads = new QueryBatcher(hurried);
    const rows = await Promise.all(
      [1, 2, 3].map((value) => hurriedReads.row('select $1::int4, pg_sleep(0.25)::text', [value])),
    );
    expect(rows).toEqual([
      [1, ''],
      [2, ''],
      [3, ''],
    ]);
    await hurried.end();
  });

  it('are sent alone the next time if they were slow together', async () => {
    const slow = () =>
      Promise.all([1, 2, 3].map((value) => reads.row('select $1::int4, pg_sleep(0.35)::text', [value])));
    await slow();
    expect(sent).toHaveLength(1);
    await slow();
    expect(sent).toHaveLength(4);
  });
});
