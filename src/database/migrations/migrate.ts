import pg from 'pg';
import { identifier, literal } from '../identifier.js';
import type { Role } from '../roles.js';
import { applyComments, type Comment, modelComments } from './model-comments.js';
import { describeGrant, restoreRoleSettings, revokeStrangeGrants } from './role-settings.js';
import { readMigrations } from './schema-files.js';
import { requireServerParts } from './server-parts.js';
import { adoptSquashedHistory, hasCompleteHistory } from './squashed-history.js';

/** What `migrate` sets up in addition to the schema. */
export interface MigrateOptions {
  /** Passwords to set; the other roles keep theirs. */
  passwords?: Partial<Record<Role, string>>;
  /** Comments in addition to those of the model, for example those of the reports. */
  comments?: Comment[];
  /** Name of the database of the queues, created when it does not exist; by default, none is created. */
  queueDatabase?: string;
}

/** What `migrate` changed. */
export interface MigrationResult {
  /** The names of the migrations that were applied. */
  readonly applied: readonly string[];
  /** The roles whose settings differed and were restored, with the names of the settings. */
  readonly restoredSettings: readonly string[];
  /** Rights of readers on inner layers that somebody granted by hand and that were revoked. */
  readonly revokedGrants: readonly string[];
}

/**
 * Brings a database up to date: history, migrations, role passwords, comments and the database of the queues. Does nothing
 * to a database that is up to date.
 *
 * @throws Fault `database_not_upgradable` when a database of an earlier version cannot be upgraded, `database_lacks_extension`
 *   when the server lacks what the schema needs
 */
export async function migrate(ownerUrl: string, options: MigrateOptions = {}): Promise<MigrationResult> {
  const owner = new pg.Client({ connectionString: ownerUrl, application_name: 'marquee migrate' });
  // A server that stops rejects the current statement and emits this event; without a listener it would end the process.
  owner.on('error', () => undefined);
  await owner.connect();
  try {
    // Two commands that are started together on a new database take turns. The lock ends with the connection.
    await owner.query(
      `/* database.lock_migrate */ select pg_advisory_lock(hashtextextended('marquee.migrate', 0))`,
    );
    await adoptSquashedHistory(owner);
    const applied = await applyMissing(owner, ownerUrl);
    for (const [role, password] of Object.entries(options.passwords ?? {})) {
      await owner.query(`alter role ${identifier(role)} password ${literal(password)}`);
    }
    const restoredSettings = await restoreRoleSettings(owner);
    const revokedGrants = (await revokeStrangeGrants(owner)).map(describeGrant);
    await applyComments(owner, [...(await modelComments()), ...(options.comments ?? [])]);
    if (options.queueDatabase !== undefined) {
      await createQueueDatabase(owner, options.queueDatabase);
    }
    return { applied, restoredSettings, revokedGrants };
  } finally {
    await owner.end();
  }
}

/** Loads the schema engine only when migrations are missing: that took a fifth of the time of a short command. */
async function applyMissing(owner: pg.Client, ownerUrl: string): Promise<string[]> {
  const migrations = await readMigrations();
  const names = migrations.migrationDirectories.map(({ path }) => path);
  if (await hasCompleteHistory(owner, names)) {
    return [];
  }
  await requireServerParts(owner);
  const { applyMigrations } = await import('./schema-engine.js');
  return applyMigrations(ownerUrl, migrations);
}

async function createQueueDatabase(owner: pg.Client, name: string): Promise<void> {
  const { rows } = await owner.query('select from pg_database where datname = $1', [name]);
  if (rows.length === 0) {
    await owner.query(`create database ${identifier(name)} owner marquee_queue`);
    await owner.query(`revoke all on database ${identifier(name)} from public`);
  }
}
