import type pg from 'pg';
import { identifier, literal } from '../identifier.js';
import type { Queryable } from '../queryable.js';
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
      (rows[0]?.found ?? []).map((line): [string, string] => {
        const [name = '', value = ''] = line.split(/=(.*)/s);
        return [name.toLowerCase(), value]; // Postgres spells some with capitals: DateStyle
      }),
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

/** A right on a layer that readers must not see. */
export interface StrangeGrant {
  readonly schema: string;
  /** The table, view or sequence; null for the schema. */
  readonly relation: string | null;
  /** The role; `public` is every role. */
  readonly grantee: string;
}

/**
 * Finds rights on the layers that readers must not see, which somebody granted by hand. Without the right to use a schema such a
 * grant gives nothing, but the next one might. Any role may look for them.
 */
export async function findStrangeGrants(database: Queryable): Promise<StrangeGrant[]> {
  const { rows } = await database.query<StrangeGrant>(
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
  return rows;
}

/** A right in words, for a sentence for users. */
export function describeGrant({ schema, relation, grantee }: StrangeGrant): string {
  return `${schema}${relation === null ? '' : `.${relation}`} to ${grantee}`;
}

/**
 * Revokes what `findStrangeGrants` finds.
 * @returns what was revoked
 */
export async function revokeStrangeGrants(owner: pg.ClientBase): Promise<StrangeGrant[]> {
  const grants = await findStrangeGrants(owner);
  for (const { schema, relation, grantee } of grants) {
    const object =
      relation === null ? `schema ${identifier(schema)}` : `${identifier(schema)}.${identifier(relation)}`;
    const from = grantee === 'public' ? 'public' : identifier(grantee);
    await owner.query(`/* database.revoke_strange_grant */ revoke all on ${object} from ${from} cascade`);
  }
  return grants;
}
