import type pg from 'pg';
import { identifier, literal } from '../identifier.js';
import type { Role } from '../roles.js';

/** Days and times in one format, whatever the settings of the server are. */
const oneFormat = { datestyle: 'ISO, MDY', timezone: 'UTC' };

/** Read-only and limited in time, whatever a client sends. */
const reading = {
  ...oneFormat,
  default_transaction_read_only: 'on',
  statement_timeout: '30s',
  idle_in_transaction_session_timeout: '30s',
  idle_session_timeout: '1h',
  search_path: 'reporting',
};

/** The settings each role has for its sessions. */
const roleSettings: Readonly<Partial<Record<Role, Readonly<Record<string, string>>>>> = {
  marquee_pipeline: { ...oneFormat, search_path: 'pg_catalog' },
  // The statements of pages are prepared. By default, Postgres estimates that their generic plan is too expensive and plans every
  // time, which takes as long as reading the page; they gain little from a plan for specific values.
  marquee_reader: { ...reading, plan_cache_mode: 'force_generic_plan' },
  marquee_bi: reading,
};

/**
 * Restores the settings of the roles. In Postgres every role may change its own settings, so they are defaults for honest
 * clients, not a protection: the rights of the roles are.
 * @returns the roles whose settings differed, with what was found
 */
export async function restoreRoleSettings(owner: pg.ClientBase): Promise<string[]> {
  const restored: string[] = [];
  for (const [role, settings] of Object.entries(roleSettings)) {
    const { rows } = await owner.query<{ found: string[] | null }>(
      `/* database.read_role_settings */
       select setconfig as found from pg_db_role_setting
       where setrole = (select oid from pg_roles where rolname = $1) and setdatabase = 0`,
      [role],
    );
    const found = new Map(
      (rows[0]?.found ?? []).map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
    );
    const wanted = Object.entries(settings);
    const names = new Set([...found.keys(), ...wanted.map(([name]) => name)]);
    const differing = [...names].filter(
      (name) => (found.get(name) ?? '').toLowerCase() !== (settings[name] ?? '').toLowerCase(),
    );
    for (const name of differing) {
      const value = settings[name];
      const change =
        value === undefined ? `reset ${identifier(name)}` : `set ${identifier(name)} = ${settingText(value)}`;
      // Names and values are those of this file, or names that Postgres itself reported.
      await owner.query(`/* database.set_role_setting */ alter role ${identifier(role)} ${change}`);
    }
    if (differing.length > 0 && found.size > 0) restored.push(`${role} (${differing.join(', ')})`);
  }
  return restored;
}

/** A list, such as `ISO, MDY`, is several values. */
function settingText(value: string): string {
  return value.split(', ').map(literal).join(', ');
}

/**
 * Revokes rights on the layers that readers must not see, which somebody granted by hand. Without the right to use a schema such a
 * grant gives nothing, but the next one might.
 * @returns what was revoked, one line each
 */
export async function revokeStrangeGrants(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; relation: string | null; grantee: string }>(
    `/* database.find_strange_grants */
     with readers as (
       select oid, rolname as name from pg_roles where rolname in ('marquee_reader', 'marquee_bi')
       union all select 0, 'public'
     ),
     granted as (
       select nspname as schema, null::name as relation, acl.grantee
       from pg_namespace cross join lateral aclexplode(nspacl) acl
       union all
       select nspname, relname, acl.grantee
       from pg_class join pg_namespace n on n.oid = relnamespace cross join lateral aclexplode(relacl) acl
       union all
       select nspname, relname, acl.grantee
       from pg_attribute
       join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
       cross join lateral aclexplode(attacl) acl
     )
     select distinct schema, relation, name as grantee
     from granted join readers on readers.oid = granted.grantee
     where schema in ('source', 'warehouse', 'rebuild', 'support')
     order by 1, 2, 3`,
  );
  for (const { schema, relation, grantee } of rows) {
    const object =
      relation === null ? `schema ${identifier(schema)}` : `${identifier(schema)}.${identifier(relation)}`;
    const from = grantee === 'public' ? 'public' : identifier(grantee);
    await client.query(`/* database.revoke_strange_grant */ revoke all on ${object} from ${from} cascade`);
  }
  return rows.map(
    ({ schema, relation, grantee }) => `${schema}${relation === null ? '' : `.${relation}`} from ${grantee}`,
  );
}
