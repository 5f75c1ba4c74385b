import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { packageRoot } from '../../package-root.js';

const loop = join(packageRoot, 'prisma/migrations/20261130000600_large_objects/migration.sql');

/**
 * Revokes from everyone the functions on large objects. Postgres grants them to every role, none of our roles needs them,
 * and with them a role that may only read could fill the disk. Only a superuser can revoke them: the migration that does so
 * has no effect when the owner is not a superuser, and is run again here.
 */
export async function withholdLargeObjects(superuser: pg.Client): Promise<void> {
  await superuser.query(`/* database.withhold_large_objects */ ${await readFile(loop, 'utf8')}`);
}
