import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { Fault } from '../../fault.js';
import { packageRoot } from '../../package-root.js';
import { fingerprint, readSchemaFacts } from './schema-facts.js';

/** What `prisma/squashed-history.json` records of the version whose migrations were squashed. */
export interface SquashedHistory {
  readonly version: string;
  /** Names and SHA-256 checksums of the migrations of that version. */
  readonly former: Readonly<Record<string, string>>;
  /** Names and checksums of the initial migrations, which create the same schema. */
  readonly initial: Readonly<Record<string, string>>;
  /** Fingerprint of every object that the initial migrations create. */
  readonly schema: Readonly<Record<string, string>>;
}

/** A row of `_prisma_migrations`. */
interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly complete: boolean;
}

export async function readSquashedHistory(): Promise<SquashedHistory> {
  return JSON.parse(await readFile(join(packageRoot, 'prisma/squashed-history.json'), 'utf8'));
}

/**
 * Replaces the recorded history of a database of version 0.1.0 by the initial migrations that those were squashed into, in
 * one transaction. Leaves every other database alone.
 *
 * @throws Fault `database_not_upgradable`, and changes nothing, when the history of the database contains a migration of
 * version 0.1.0 but is not exactly that of version 0.1.0, or when its schema is not
 */
export async function adoptSquashedHistory(owner: pg.ClientBase): Promise<void> {
  const table = await historyTable(owner);
  if (table === undefined) {
    return;
  }
  const squashed = await readSquashedHistory();
  await owner.query('begin');
  try {
    // Other users of the table, for example Prisma's own command line, wait until the history is rewritten.
    await owner.query(`/* database.lock_history */ lock table ${table} in share row exclusive mode`);
    const applied = await readHistory(owner, table);
    if (applied.some(({ name }) => name in squashed.former)) {
      const difference =
        differenceOfHistory(applied, squashed) ?? (await differenceOfSchema(owner, squashed));
      if (difference !== undefined) {
        throw new Fault(
          'database_not_upgradable',
          `This database of version ${squashed.version} cannot be upgraded because ${difference}; load its files again with this version into a new database (DATABASE_URL) or home (MARQUEE_HOME).`,
        );
      }
      await rewriteHistory(owner, table, squashed);
    }
    await owner.query('commit');
  } catch (error) {
    // A lost connection has rolled back already, and `error` says that it was lost.
    await owner.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Whether the database has had exactly these migrations, each applied completely. */
export async function hasCompleteHistory(owner: pg.ClientBase, names: readonly string[]): Promise<boolean> {
  const table = await historyTable(owner);
  const applied = table === undefined ? [] : await readHistory(owner, table);
  const complete = new Set(applied.filter((each) => each.complete).map(({ name }) => name));
  return applied.length === names.length && names.every((name) => complete.has(name));
}

/** The qualified name of the table of applied migrations, if there is one. */
async function historyTable(owner: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await owner.query<{ name: string }>(
    `/* database.find_history */
     select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = to_regclass('_prisma_migrations')`,
  );
  return rows[0]?.name;
}

async function readHistory(owner: pg.ClientBase, table: string): Promise<AppliedMigration[]> {
  const { rows } = await owner.query<AppliedMigration>(
    `/* database.read_history */
     select migration_name as name, checksum, finished_at is not null and rolled_back_at is null as complete
     from ${table} order by started_at, migration_name`,
  );
  return rows;
}

function differenceOfHistory(
  applied: readonly AppliedMigration[],
  { former }: SquashedHistory,
): string | undefined {
  const seen = new Set<string>();
  for (const { name, checksum, complete } of applied) {
    if (former[name] === undefined) {
      return `its history contains another migration, ${name}`;
    }
    if (!complete || seen.has(name)) {
      return `its migration ${name} was not applied completely at the first attempt`;
    }
    if (checksum !== former[name]) {
      return `its migration ${name} was changed before it was applied`;
    }
    seen.add(name);
  }
  const missing = Object.keys(former).find((name) => !seen.has(name));
  return missing === undefined ? undefined : `its history lacks the migration ${missing}`;
}

/**
 * The first difference between the schema of the database and the one that the initial migrations create. Tables of the
 * pipeline that no migration creates are ignored: it creates partitions, builds and work tables at run time.
 */
async function differenceOfSchema(
  owner: pg.ClientBase,
  { version, schema }: SquashedHistory,
): Promise<string | undefined> {
  const objects = await readSchemaFacts(owner);
  for (const object of objects) {
    const expected = schema[object.name];
    if (expected === undefined && !object.ofPipeline) {
      return `it contains ${object.name}, which is not part of that version`;
    }
    if (expected !== undefined && expected !== fingerprint(object)) {
      return `${object.name} differs from what version ${version} created`;
    }
  }
  const present = new Set(objects.map(({ name }) => name));
  const missing = Object.keys(schema).find((name) => !present.has(name));
  return missing === undefined ? undefined : `it lacks ${missing}`;
}

async function rewriteHistory(owner: pg.ClientBase, table: string, squashed: SquashedHistory): Promise<void> {
  await owner.query(`/* database.forget_former_history */ delete from ${table}`);
  for (const [name, checksum] of Object.entries(squashed.initial)) {
    await owner.query(
      `/* database.record_initial_migration */
       insert into ${table} (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), now(), 1)`,
      [randomUUID(), checksum, name],
    );
  }
}
