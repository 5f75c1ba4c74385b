import pg from 'pg';
import { identifier, literal } from '../identifier.js';
import type { Role } from '../roles.js';
import { applyComments, type Comment, modelComments } from './model-comments.js';
import { applyMigrations } from './schema-engine.js';
import { adoptSquashedHistory } from './squashed-history.js';

/** What `migrate` is to bring about beside the migrations themselves. */
export interface MigrateOptions {
  /** Passwords to set; a role that is not named keeps its own. */
  passwords?: Partial<Record<Role, string>>;
  /** Comments beyond the model's own, for example those of the reports. */
  comments?: Comment[];
  /** Name of the queues' database, made when missing; missing: none is made. */
  queueDatabase?: string;
}

/**
 * Brings a database to the current model: migrations, role passwords, comments, the queues' database.
 * Does nothing where nothing is to do.
 *
 * @returns the names of the migrations that were applied
 */
export async function migrate(ownerUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  const owner = new pg.Client({ connectionString: ownerUrl, application_name: 'marquee migrate' });
  // A server that stops rejects the statement under way; without a listener the event would end the process.
  owner.on('error', () => undefined);
  await owner.connect();
  try {
    // Two commands that are started together on a new database take turns. The lock goes with the connection.
    await owner.query(
      `/* database.lock_migrate */ select pg_advisory_lock(hashtextextended('marquee.migrate', 0))`,
    );
    await adoptSquashedHistory(owner);
    const applied = await applyMigrations(ownerUrl);
    for (const [role, password] of Object.entries(options.passwords ?? {})) {
      await owner.query(`alter role ${identifier(role)} password ${literal(password)}`);
    }
    await applyComments(owner, [...(await modelComments()), ...(options.comments ?? [])]);
    if (options.queueDatabase !== undefined) {
      await createQueueDatabase(owner, options.queueDatabase);
    }
    return applied;
  } finally {
    await owner.end();
  }
}

async function createQueueDatabase(owner: pg.Client, name: string): Promise<void> {
  const { rows } = await owner.query('select from pg_database where datname = $1', [name]);
  if (rows.length === 0) {
    await owner.query(`create database ${identifier(name)} owner marquee_queue`);
    await owner.query(`revoke all on database ${identifier(name)} from public`);
  }
}
