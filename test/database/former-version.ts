import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { MigrationList } from '@prisma/schema-engine-wasm';
import type pg from 'pg';
import { inject } from 'vitest';
import { applyMigrations } from '../../src/database/migrations/schema-engine.js';
import { readMigrations } from '../../src/database/migrations/schema-files.js';
import { readSquashedHistory } from '../../src/database/migrations/squashed-history.js';

const fixture = new URL('fixtures/migrations-0.1.0.json.gz', import.meta.url);

/** The migrations of version 0.1.0, in the form the schema engine takes. */
export async function formerMigrations(
  wanted: (name: string) => boolean = () => true,
): Promise<MigrationList> {
  const files: Record<string, string> = JSON.parse(gunzipSync(await readFile(fixture)).toString());
  return {
    ...(await readMigrations()),
    migrationDirectories: Object.entries(files)
      .filter(([name]) => wanted(name))
      .map(([name, value]) => ({
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } },
      })),
  };
}

/** Creates a database without migrations; for `createDatabase` and `useDatabase`. */
export async function emptyDatabase(superuser: pg.Client, name: string): Promise<void> {
  await superuser.query(`create database ${name} owner marquee_owner`);
}

/** Creates a database with the initial migrations, and none of those that came later. */
export async function initialDatabase(superuser: pg.Client, name: string): Promise<void> {
  await emptyDatabase(superuser, name);
  const url = new URL(inject('urls').owner);
  url.pathname = `/${name}`;
  const [all, { initial }] = [await readMigrations(), await readSquashedHistory()];
  const migrationDirectories = all.migrationDirectories.filter(({ path }) => path in initial);
  await applyMigrations(url.href, { ...all, migrationDirectories });
}

/** Creates a database as version 0.1.0 did, history included; for `createDatabase` and `useDatabase`. */
export async function formerDatabase(superuser: pg.Client, name: string): Promise<void> {
  await emptyDatabase(superuser, name);
  const url = new URL(inject('urls').owner);
  url.pathname = `/${name}`;
  await applyMigrations(url.href, await formerMigrations());
}
