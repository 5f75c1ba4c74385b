import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';

const database = useDatabase();

/** What an attacker with the API's connection might try. */
const FORBIDDEN = [
  'select * from source.file',
  'select * from warehouse.movies',
  'select * from support.run',
  'select * from support.audit_event',
  'select * from _prisma_migrations',
  'select * from pg_catalog.pg_authid',
  'select * from pg_catalog.pg_shadow',
  'select * from pg_catalog.pg_user_mapping',
  "insert into reporting.publication (number, as_of_day, period, drops, mapping_version, row_counts, check_state) values (1, now(), '', '[]', 1, '{}', '')",
  'update reporting.genre_report set budget = 1',
  'delete from reporting.genre_report',
  'truncate reporting.genre_report',
  'drop table reporting.genre_report',
  'alter table reporting.genre_report add column x int',
  'create table reporting.mine (id int)',
  'create table public.mine (id int)',
  'create temporary table mine (id int)',
  'create schema mine',
  'create function reporting.mine() returns int language sql as $$ select 1 $$',
  'create index on reporting.genre_report (year)',
  'set role marquee_owner',
  'set role marquee_pipeline',
  'set session authorization marquee_owner',
  'alter role marquee_reader superuser',
  'grant select on reporting.genre_report to public',
  "copy reporting.genre_report to program 'id'",
  "copy (select 1) to '/tmp/marquee-reader'",
  "copy reporting.genre_report from '/etc/passwd'",
  "select pg_read_file('/etc/passwd')",
  "select pg_read_binary_file('/etc/passwd')",
  "select pg_ls_dir('/')",
  "select pg_stat_file('/etc/passwd')",
  'select lo_create(0)',
  "select lo_import('/etc/passwd')",
  "select lo_from_bytea(0, 'x')",
  'select lo_creat(-1)',
  'select lo_open(1, 131072)',
  'select lo_unlink(1)',
  'select pg_reload_conf()',
  'select pg_rotate_logfile()',
  "select pg_terminate_backend(pid) from pg_stat_activity where usename <> 'marquee_reader' and usename is not null",
  'select pg_switch_wal()',
  "select pg_create_restore_point('x')",
  'lock table reporting.genre_report in exclusive mode',
  'create extension dblink',
  "alter system set log_statement = 'all'",
  'select * from reporting.genre_report for update',
];

/** Read-only is a default that a session can undo; the grants must be sufficient without it. */
const UNDONE = 'set default_transaction_read_only = off; set transaction_read_only = off; ';

describe('the database role of the API', () => {
  it('can read the reports, without which the refusals below would prove nothing', async () => {
    await expect(database.pools.reader.query('select * from reporting.genre_report')).resolves.toBeDefined();
  });

  it.each(FORBIDDEN)('cannot run: %s', async (statement) => {
    const client = await database.pools.reader.connect();
    try {
      await expect(client.query(statement)).rejects.toThrow();
    } finally {
      client.release(true);
    }
  });

  // Granting a privilege that the role does not have only causes a warning.
  it.each(FORBIDDEN.filter((statement) => !statement.startsWith('grant')))(
    'cannot run, after undoing the read-only default: %s',
    async (statement) => {
      const client = await database.pools.reader.connect();
      try {
        await client.query(UNDONE).catch(() => undefined);
        await expect(client.query(statement)).rejects.toThrow(
          /permission denied|must be|must have|cannot|only|denied|not allowed|relation .* does not exist|no schema/i,
        );
      } finally {
        client.release(true);
      }
    },
  );

  it('has a time limit for statements and idle transactions', async () => {
    const { rows } = await database.pools.reader.query(
      "select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle",
    );
    expect(rows[0]).toEqual({ statement: '30s', idle: '30s' });
  });
});
