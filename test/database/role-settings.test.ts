import { afterAll, describe, expect, inject, it } from 'vitest';
import { checkRoleRights } from '../../src/cli/runtime/role-rights.js';
import { migrate } from '../../src/database/migrations/migrate.js';

import { useDatabase } from '../database-fixture.js';

const database = useDatabase();
const settingsOf = async (role: string) =>
  (
    await database.pools.owner.query<{ settings: string[] }>(
      `select setconfig as settings from pg_db_role_setting s join pg_roles r on r.oid = s.setrole where rolname = $1`,
      [role],
    )
  ).rows[0]?.settings;

describe('the pipeline role', () => {
  it.each([
    "update support.audit_event set actor = 'somebody else'",
    'delete from support.audit_event',
    'truncate support.audit_event',
    'alter table support.audit_event owner to marquee_pipeline',
    'alter role marquee_reader set statement_timeout = 0',
  ])('may not: %s', async (statement) => {
    // An audit event to change or delete, so that the refusal is one of rights.
    await database.pools.pipeline.query(
      `insert into support.audit_event (actor, action, arguments, outcome) values ('a test', 'test', '{}', 'done')`,
    );
    await expect(database.pools.pipeline.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('cannot grant the use of a schema', async () => {
    // Postgres warns that it granted nothing, instead of refusing.
    await database.pools.pipeline.query('grant usage on schema source to marquee_reader');
    await expect(database.pools.reader.query('select from source.file')).rejects.toThrow(
      'permission denied for schema source',
    );
  });

  it('gives readers nothing by granting them a table, since they may not use its schema', async () => {
    await database.pools.pipeline.query('grant select on warehouse.genres to marquee_reader, marquee_bi');
    for (const purpose of ['reader', 'bi'] as const) {
      await expect(database.pools[purpose].query('select from warehouse.genres')).rejects.toThrow(
        'permission denied for schema warehouse',
      );
    }
  });
});

describe('the role of BI tools', () => {
  it('reads the reports and nothing else', async () => {
    await expect(database.pools.bi.query('select * from genre_report')).resolves.toBeDefined();
    await expect(database.pools.bi.query('select from support.run')).rejects.toThrow('permission denied');
    await expect(database.pools.bi.query('delete from genre_report')).rejects.toThrow(/read-only|denied/);
  });

  it('sees the sequences of the reports, as pg_dump needs them', async () => {
    const { rows } = await database.pools.bi.query('select last_value from reporting.report_change_id_seq');
    expect(rows).toHaveLength(1);
  });
});

describe('migrate', () => {
  // Role settings belong to the server, which other test files share.
  afterAll(() => migrate(database.urls.owner));

  it('restores the settings that a role changed for itself', async () => {
    const before = await settingsOf('marquee_bi');
    await database.pools.bi.query(
      "set transaction_read_only = off; set default_transaction_read_only = off; alter role marquee_bi set statement_timeout = 0; alter role marquee_bi set work_mem = '1GB'",
    );
    expect(await settingsOf('marquee_bi')).not.toEqual(before);
    expect(await migrate(database.urls.owner)).toMatchObject({
      restoredSettings: [
        expect.stringMatching(/^marquee_bi \((statement_timeout, work_mem|work_mem, statement_timeout)\)$/),
      ],
    });
    expect((await settingsOf('marquee_bi'))?.sort()).toEqual(before?.sort());
  });

  it('revokes rights on inner layers that somebody granted by hand', async () => {
    const { owner, bi } = database.pools;
    await owner.query('grant usage on schema support to marquee_bi, public');
    await owner.query('grant select on support.run to marquee_bi');
    await owner.query('grant select (number) on support.mapping_version to marquee_bi');
    await expect(bi.query('select from support.run')).resolves.toBeDefined();
    // A worker connects as the pipeline, which sees them and cannot revoke them.
    const worker = {
      embedded: false,
      pool: () => database.pools.pipeline,
      migrate: () => migrate(database.urls.owner),
    };
    expect(await checkRoleRights(worker)).toEqual([
      'Somebody granted rights to readers that they must not have: support.mapping_version to marquee_bi; support.run to marquee_bi; support to marquee_bi; support to public. Run marquee migrate to revoke them.',
    ]);
    expect((await migrate(database.urls.owner)).revokedGrants).toEqual([
      'support.mapping_version to marquee_bi',
      'support.run to marquee_bi',
      'support to marquee_bi',
      'support to public',
    ]);
    expect(await checkRoleRights(worker)).toEqual([]);
    for (const table of ['support.run', 'support.mapping_version']) {
      await expect(bi.query(`select from ${table}`)).rejects.toThrow('permission denied for schema support');
    }
    const { rows } = await owner.query(`
      select from pg_attribute cross join lateral aclexplode(attacl) acl where acl.grantee = 'marquee_bi'::regrole`);
    expect(rows).toEqual([]);
  });

  it('leaves everything as it is when nothing differs', async () => {
    expect(inject('urls').bi).toContain('marquee_bi');
    await migrate(database.urls.owner);
    const before = await settingsOf('marquee_reader');
    expect(await migrate(database.urls.owner)).toEqual({
      applied: [],
      restoredSettings: [],
      revokedGrants: [],
    });
    expect(await settingsOf('marquee_reader')).toEqual(before);
  });
});
