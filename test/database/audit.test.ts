import pg from 'pg';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { hasAuditHead, sealAudit, verifyAudit } from '../../src/database/audit-chain.js';
import { listAudit, recordAudit } from '../../src/database/audit-ledger.js';
import { inTransaction } from '../../src/database/transaction.js';
import { useDatabase } from '../database-fixture.js';

const database = useDatabase();
const pool = () => database.pools.pipeline;
const owner = () => database.pools.owner;
const record = (db: pg.Pool | pg.PoolClient, action: string) =>
  recordAudit(db, { actor: 'a test', action, arguments: { of: action }, outcome: 'done' });
/** Five events, all sealed. */
const fiveEvents = async () => {
  for (const action of ['one', 'two', 'three', 'four', 'five']) await record(pool(), action);
  await sealAudit(pool());
};
const ids = async () =>
  (await owner().query<{ id: string }>('select id from support.audit_event order by id')).rows.map(
    ({ id }) => id,
  );

beforeEach(async () => {
  await owner().query('truncate support.audit_event, support.audit_seal');
  await fiveEvents();
});

describe('the audit', () => {
  const changes = [
    "update support.audit_event set actor = 'somebody else'",
    'delete from support.audit_event',
    'truncate support.audit_event',
    'delete from support.audit_seal',
    'truncate support.audit_seal',
    "insert into support.audit_seal (position, event_id, event_hash, chain_hash) values (9, 9, '', '')",
  ];

  it.each(['pipeline', 'reader', 'bi'] as const)('cannot be rewritten by the %s role', async (purpose) => {
    for (const change of changes) {
      await expect(database.pools[purpose].query(change), change).rejects.toMatchObject({
        code: expect.stringMatching(/42501|25006/),
      });
    }
  });

  it('cannot be rewritten by a role that was granted all rights, or by a superuser', async () => {
    await owner().query('grant all on support.audit_event, support.audit_seal to marquee_pipeline');
    try {
      for (const change of changes) {
        await expect(pool().query(change), change).rejects.toThrow('is append-only');
      }
      const url = new URL(inject('superuserUrl'));
      url.pathname = new URL(database.urls.owner).pathname;
      const superuser = new pg.Client(url.href);
      await superuser.connect();
      for (const change of changes) {
        await expect(superuser.query(change), change).rejects.toThrow('is append-only');
      }
      await superuser.end();
    } finally {
      await owner().query('revoke all on support.audit_event, support.audit_seal from marquee_pipeline');
      await owner().query('grant select, insert on support.audit_event to marquee_pipeline');
      await owner().query('grant select on support.audit_seal to marquee_pipeline');
    }
  });

  it('is intact after events were recorded and sealed', async () => {
    expect(await verifyAudit(pool())).toEqual({
      events: 5,
      sealed: 5,
      unsealed: 0,
      head: { position: 5, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      brokenCount: 0,
      broken: [],
    });
  });

  it('seals what is committed before it is verified', async () => {
    await record(pool(), 'six');
    expect((await listAudit(pool(), { limit: 1 }))[0]).toMatchObject({ action: 'six', sealed: false });
    expect(await verifyAudit(pool())).toMatchObject({ events: 6, sealed: 6, brokenCount: 0 });
    expect((await listAudit(pool(), { limit: 1 }))[0]).toMatchObject({ sealed: true });
  });

  it('is dated by the database and names the role that wrote it, whatever is given', async () => {
    await pool().query(
      `insert into support.audit_event (created_date, actor, action, outcome, recorded_by, content_hash)
       values ('2001-01-01', 'x', 'y', 'z', 'nobody', 'none')`,
    );
    const { rows } = await owner().query(
      "select recorded_by, created_date > now() - interval '1 minute' as now from support.audit_event where actor = 'x'",
    );
    expect(rows).toEqual([{ recorded_by: 'marquee_pipeline', now: true }]);
    expect((await verifyAudit(pool())).broken).toEqual([]);
  });
});

describe('verification finds, although the owner did it,', () => {
  const disabled = (statement: string) => `
    alter table support.audit_event disable trigger user;
    ${statement};
    alter table support.audit_event enable trigger user`;
  const rehash = 'update support.audit_event e set content_hash = support.audit_event_hash(e)';

  it.each([
    ['a changed event', "update support.audit_event set actor = 'me' where id = $3", { 3: ['changed'] }],
    [
      'a changed argument',
      `update support.audit_event set arguments = '{"of":"3"}' where id = $3`,
      { 3: ['changed'] },
    ],
    [
      'a changed time',
      "update support.audit_event set created_date = created_date - interval '1 second' where id = $3",
      { 3: ['changed'] },
    ],
    [
      'a changed event with a new hash',
      `update support.audit_event set outcome = 'refused' where id = $3; ${rehash}`,
      { 3: ['changed'] },
    ],
    [
      'an event without its hash',
      'update support.audit_event set content_hash = null where id = $3',
      { 3: ['changed'] },
    ],
    ['a removed event', 'delete from support.audit_event where id = $2', { 2: ['removed'] }],
    [
      'all events removed',
      'truncate support.audit_event',
      { 1: ['removed'], 2: ['removed'], 3: ['removed'], 4: ['removed'], 5: ['removed'] },
    ],
    [
      'an event removed with its seal',
      'delete from support.audit_event where id = $2; delete from support.audit_seal where event_id = $2',
      { 3: ['chain'] },
    ],
    ['a removed seal', 'delete from support.audit_seal where event_id = $4', { 5: ['chain'] }],
    [
      'a changed seal',
      "update support.audit_seal set chain_hash = 'a' where event_id = $4",
      { 4: ['chain'], 5: ['chain'] },
    ],
    [
      'an inserted event',
      "insert into support.audit_event (actor, action, outcome) values ('me', 'nothing', 'done')",
      { 6: ['inserted'] },
    ],
    [
      'an event inserted without triggers',
      disabled("insert into support.audit_event (actor, action, outcome) values ('me', 'nothing', 'done')"),
      { 6: ['inserted'] },
    ],
  ] as const)('%s', async (_what, statement, expected) => {
    const known = await ids();
    await owner().query(statement.replace(/\$(\d)/g, (_match, place) => known[Number(place) - 1]!));
    const after = [...new Set([...known, ...(await ids())])];
    const { broken, brokenCount } = await verifyAudit(pool());
    const found = Object.fromEntries(broken.map(({ id, faults }) => [after.indexOf(id) + 1, faults]));
    expect(found).toEqual(expected);
    expect(brokenCount).toBe(broken.length);
  });

  it('an event inserted under an old number, with all its hashes', async () => {
    const known = await ids();
    await owner().query('delete from support.audit_event where id = $1', [known[1]]);
    await owner().query('truncate support.audit_seal');
    await sealAudit(pool());
    await owner().query("update support.audit_seal set sealed_date = sealed_date - interval '3 days'");
    await record(pool(), 'today');
    await sealAudit(pool());
    await owner().query(
      disabled(`insert into support.audit_event (id, actor, action, outcome, recorded_by)
        values (${known[1]}, 'a test', 'nothing', 'done', 'marquee_pipeline'); ${rehash}`),
    );
    expect((await verifyAudit(pool())).broken).toEqual([{ id: known[1], faults: ['inserted'] }]);
  });

  it('that the newest events were removed with their seals, given an earlier head of the chain', async () => {
    const { hash } = (await verifyAudit(pool())).head!;
    const known = await ids();
    await owner().query('delete from support.audit_event where id >= $1', [known[3]]);
    await owner().query('delete from support.audit_seal where event_id >= $1', [known[3]]);
    expect((await verifyAudit(pool())).brokenCount).toBe(0);
    expect(await hasAuditHead(pool(), hash)).toBe(false);
  });
});

describe('concurrent audited transactions', () => {
  it('do not wait for each other or for sealing, and are sealed when they have committed', async () => {
    const late = await pool().connect();
    try {
      await late.query('begin');
      await late.query(
        "insert into support.audit_event (actor, action, outcome) values ('late', 'late', 'done')",
      );
      await record(pool(), 'in time');
      expect(await sealAudit(pool())).toBe(1);
      await late.query('commit');
      expect(await sealAudit(pool())).toBe(1);
    } finally {
      late.release();
    }
    expect(await verifyAudit(pool())).toMatchObject({ events: 7, sealed: 7, unsealed: 0, brokenCount: 0 });
  });

  it('seal in one consistent chain, although several processes seal', async () => {
    const transactions = Array.from({ length: 40 }, (_, index) =>
      inTransaction(pool(), async (client) => {
        await record(client, `transaction ${index}`);
        await client.query('select pg_sleep(random() / 20)');
        if (index % 8 === 0) throw new Error('rolled back');
      }).catch(() => undefined),
    );
    const sealings = Array.from({ length: 20 }, () => sealAudit(pool()));
    await Promise.all([...transactions, ...sealings]);
    expect(await verifyAudit(pool())).toMatchObject({ events: 40, sealed: 40, unsealed: 0, brokenCount: 0 });
  });
});
