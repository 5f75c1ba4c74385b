/* database.read_schema */
-- The schema of the project's tables as lines of text, one per column, constraint, index, right and so on.
-- Grain: one line. Columns: object (what the line belongs to), rank and place (the order of its lines), fact.
--
-- The lines are the same on every supported version of Postgres and for any migrating role: the role that owns the schemas
-- is called "owner", and only the rights of the project's own roles are listed. The search path must be empty, so that
-- definitions qualify every name.
with
schemas as (
  select oid, nspname, nspowner, nspacl
  from pg_catalog.pg_namespace
  where nspname in ('source', 'warehouse', 'rebuild', 'reporting', 'support')
),

roles as (
  select
    oid,
    case when oid = (select nspowner from schemas where nspname = 'support') then 'owner' else rolname end as name,
    rolname in ('marquee_pipeline', 'marquee_reader', 'marquee_bi', 'marquee_queue') as granted
  from pg_catalog.pg_roles
  union all
  select 0, 'public', true
),

relations as (
  select
    c.oid,
    s.nspname || '.' || c.relname as object,
    c.relkind,
    c.relowner,
    c.relacl,
    c.relispartition,
    c.relrowsecurity,
    c.relpersistence,
    c.relpartbound,
    c.reloptions
  from pg_catalog.pg_class as c
  join schemas as s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
),

-- Everything that can have rights, with the rights as Postgres applies them where none are stored.
grantable as (
  select 'schema ' || nspname as object, nspowner as owner, coalesce(nspacl, acldefault('n', nspowner)) as rights, '' as on_what
  from schemas
  union all
  select object, relowner, coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)), ''
  from relations
  union all
  select r.object, r.relowner, a.attacl, 'on ' || a.attname || ' '
  from relations as r
  join pg_catalog.pg_attribute as a on a.attrelid = r.oid
  where a.attacl is not null
  union all
  select
    'new ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' else d.defaclobjtype::text end
    || ' in ' || s.nspname,
    d.defaclrole,
    d.defaclacl,
    ''
  from pg_catalog.pg_default_acl as d
  join schemas as s on s.oid = d.defaclnamespace
),

facts as (
  select 'schema ' || s.nspname as object, 0 as rank, '' as place, 'owned by ' || roles.name as fact
  from schemas as s
  join roles on roles.oid = s.nspowner

  union all
  select
    r.object, 0, '',
    concat_ws(
      ', ',
      case r.relkind
        when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
        when 'm' then 'materialized view' when 'f' then 'foreign table' else 'sequence'
      end,
      'owned by ' || roles.name,
      case r.relpersistence when 'p' then null when 'u' then 'unlogged' else 'temporary' end,
      case when r.relrowsecurity then 'with row security' end,
      'with ' || array_to_string(r.reloptions, ', ')
    )
  from relations as r
  join roles on roles.oid = r.relowner

  union all
  select r.object, 1, '', 'partitioned by ' || pg_get_partkeydef(r.oid)
  from relations as r
  where r.relkind = 'p'

  union all
  select r.object, 1, '', 'partition of ' || i.inhparent::regclass || ' ' || pg_get_expr(r.relpartbound, r.oid)
  from relations as r
  join pg_catalog.pg_inherits as i on i.inhrelid = r.oid
  where r.relispartition

  union all
  select
    r.object, 1, '',
    format('%s from %s by %s, %s to %s, cache %s%s', format_type(q.seqtypid, null), q.seqstart, q.seqincrement,
           q.seqmin, q.seqmax, q.seqcache, case when q.seqcycle then ', cycles' end)
    || coalesce(', numbers ' || d.refobjid::regclass || '.' || a.attname, '')
  from relations as r
  join pg_catalog.pg_sequence as q on q.seqrelid = r.oid
  left join pg_catalog.pg_depend as d
    on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
  left join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid

  -- A load fills partitions as separate tables, with the columns in an order of their own and without defaults.
  union all
  select
    r.object, 2,
    case when r.relispartition then a.attname else to_char(a.attnum, 'FM0000') end,
    concat_ws(
      ' ',
      'column', a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then 'not null' end,
      case when not r.relispartition then 'default ' || pg_get_expr(d.adbin, d.adrelid) end,
      case when a.attidentity <> '' then 'identity ' || a.attidentity::text end,
      case when a.attgenerated <> '' then 'generated ' || a.attgenerated::text end,
      case when a.attcollation <> t.typcollation then 'collate ' || a.attcollation::regcollation end,
      case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage::text end,
      case when a.attcompression <> '' then 'compression ' || a.attcompression::text end
    )
  from relations as r
  join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type as t on t.oid = a.atttypid
  left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where r.relkind <> 'S'

  -- Since Postgres 18, "not null" is a constraint too; the columns state it on every version.
  union all
  select
    r.object, 3, c.conname,
    'constraint ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
  from relations as r
  join pg_catalog.pg_constraint as c on c.conrelid = r.oid
  where c.contype <> 'n'

  union all
  select
    r.object, 4, x.relname,
    pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' (invalid)' end
    || coalesce(' part of ' || p.inhparent::regclass, '')
  from relations as r
  join pg_catalog.pg_index as i on i.indrelid = r.oid
  join pg_catalog.pg_class as x on x.oid = i.indexrelid
  left join pg_catalog.pg_inherits as p on p.inhrelid = i.indexrelid

  union all
  select r.object, 5, t.tgname, pg_get_triggerdef(t.oid)
  from relations as r
  join pg_catalog.pg_trigger as t on t.tgrelid = r.oid
  where not t.tgisinternal

  union all
  select
    g.object, 6, roles.name || g.on_what,
    'grant ' || string_agg(
      lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', ' order by a.privilege_type
    ) || ' ' || g.on_what || 'to ' || roles.name
  from grantable as g
  cross join aclexplode(g.rights) as a
  join roles on roles.oid = a.grantee
  where roles.granted and a.grantee <> g.owner
  group by g.object, g.on_what, roles.name
)

select
  facts.object,
  facts.fact,
  coalesce(r.relowner = (select oid from roles where name = 'marquee_pipeline'), false) as "ofPipeline"
from facts
left join relations as r on r.object = facts.object
order by facts.object collate "C", facts.rank, facts.place collate "C", facts.fact collate "C"
