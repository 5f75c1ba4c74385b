import { describe, expect, it } from 'vitest';
import { ledger } from '../../src/database/prisma-client.js';
import { inTransaction } from '../../src/database/transaction.js';
import { useDatabase } from '../database-fixture.js';

const database = useDatabase();
const pool = () => database.pools.pipeline;
const run = (kind: string) => ({ kind, state: 'queued', requested_by: 'a test' });
const kinds = async () =>
  (await pool().query<{ kind: string }>('select kind from support.run order by kind')).rows.map(
    (row) => row.kind,
  );
const clear = () => pool().query('delete from support.run');

describe('the ledger client', () => {
  it('commits a row together with the statements of its transaction', async () => {
    await inTransaction(pool(), async (client) => {
      await client.query(
        `insert into support.run (kind, state, requested_by) values ('sql', 'queued', 'a test')`,
      );
      await (await ledger(client)).run.create({ data: run('row') });
      // Neither is visible to others yet: both are in one transaction.
      expect(await kinds()).toEqual([]);
    });
    expect(await kinds()).toEqual(['row', 'sql']);
    await clear();
  });

  it('rolls a row back together with the statements of its transaction', async () => {
    const failing = inTransaction(pool(), async (client) => {
      await (await ledger(client)).run.create({ data: run('row') });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await kinds()).toEqual([]);
  });

  it('commits on its own when it is given the pool', async () => {
    const failing = inTransaction(pool(), async () => {
      await (await ledger(pool())).run.create({ data: run('own') });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await kinds()).toEqual(['own']);
    await clear();
  });

  it('turns its own transaction into a savepoint of the one around it', async () => {
    await inTransaction(pool(), async (client) => {
      const rows = await ledger(client);
      await rows.run.create({ data: run('outer') });
      const inner = rows.$transaction(async (nested) => {
        await nested.run.create({ data: run('inner') });
        throw new Error('only the inner one');
      });
      await expect(inner).rejects.toThrow('only the inner one');
      await rows.$transaction([rows.run.create({ data: run('batch') })]);
    });
    expect(await kinds()).toEqual(['batch', 'outer']);
    await clear();
  });

  it('keeps parallel transactions apart', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        inTransaction(pool(), async (client) => {
          const rows = await ledger(client);
          await rows.run.create({ data: run(`run ${index}`) });
          await rows.run.create({ data: run(`run ${index} again`) });
          if (index % 2 === 1) throw new Error('odd');
        }).catch((error: Error) => expect(error.message).toBe('odd')),
      ),
    );
    expect(await kinds()).toHaveLength(40);
    expect((await kinds()).every((kind) => Number(kind.split(' ')[1]) % 2 === 0)).toBe(true);
    await clear();
  });

  it("throws the database's own error", async () => {
    const again = async () => {
      const data = { ...run('keyed'), idempotency_key: 'a key' };
      await (await ledger(pool())).run.create({ data });
    };
    await again();
    await expect(again()).rejects.toMatchObject({ code: '23505', constraint: 'run_idempotency_key_key' });
    await clear();
  });

  it('names each statement after its model and operation', async () => {
    const rows = await ledger(pool());
    const [{ query } = { query: '' }] = await rows.$queryRaw<{ query: string }[]>`
      select query from pg_stat_activity where pid = pg_backend_pid()`;
    expect(query).toMatch(/^\/\* ledger\.raw_\$queryRaw \*\//);
  });

  it('refuses a connection that belongs to no transaction', async () => {
    const ended = await inTransaction(pool(), async (client) => client);
    await expect(ledger(ended)).rejects.toThrow('not opened by inTransaction');
  });

  it('reads a bigint exactly', async () => {
    const { id } = await (await ledger(pool())).run.create({ data: run('big') });
    const step = {
      run_id: id,
      name: 'a',
      job_name: 'a',
      queue: 'a',
      state: 'queued',
      fence: 9007199254740993n,
    };
    await (await ledger(pool())).runStep.create({ data: step });
    expect(await (await ledger(pool())).runStep.findFirst({ where: { run_id: id } })).toMatchObject({
      fence: 9007199254740993n,
    });
    await (await ledger(pool())).runStep.deleteMany();
    await clear();
  });
});
