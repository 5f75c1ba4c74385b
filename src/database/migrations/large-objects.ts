import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { packageRoot } from '../../package-root.js';

const loop = join(packageRoot, 'prisma/migrations/20261130000600_large_objects/migration.sql');

/**
 * Takes from everyone the functions on large objects, which Postgres gives to all and which none of our roles needs:
 * they let a role that may only read fill the disk. Only their owner, a superuser, can; so the migration that does it
 * leaves them where whoever migrates is none, and is run again here.
 */
export async function withholdLargeObjects(superuser: pg.Client): Promise<void> {
  await superuser.query(`/* database.withhold_large_objects */ ${await readFile(loop, 'utf8')}`);
}
