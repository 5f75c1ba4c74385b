-- The state of the audit: counts, the head of its chain, and the broken events.
/* database.verify_audit */
with event as (
  select e.id, e.content_hash, support.audit_event_hash(e) as actual_hash, e.recorded_by
  from support.audit_event e
),
seal as (
  select s.*,
    lag(s.position, 1, 0::bigint) over (order by s.position) + 1 as place,
    lag(s.chain_hash) over (order by s.position) as previous
  from support.audit_seal s
),
-- The owner may write what it likes; the pipeline records nothing as the owner.
other_role as (
  select r.rolname from pg_roles r
  where r.rolsuper or r.oid = (select relowner from pg_class where oid = 'support.audit_event'::regclass)
),
paired as (
  select coalesce(e.id, s.event_id) as id, s.position,
    array_remove(array[
      case
        when e.id is null then null
        when e.content_hash <> e.actual_hash or e.content_hash <> s.event_hash then 'changed'
        when e.content_hash is null and s.event_id is not null then 'changed'
      end,
      case when s.position <> s.place
        or s.chain_hash <> support.audit_chain_hash(s.previous, s.position, s.event_id, s.event_hash) then 'chain' end,
      case when e.id is not null and (
        e.content_hash is null and s.event_id is null
        or e.recorded_by in (select rolname from other_role)
        or s.event_id is null and e.id <= (select support.audit_sealed_until())
      ) then 'inserted' end,
      case when e.id is null then 'removed' end
    ], null) as faults
  from event e
  full join seal s on s.event_id = e.id
),
broken as (select id, faults from paired where cardinality(faults) > 0)
select
  (select count(*)::integer from event) as events,
  (select count(*)::integer from seal) as sealed,
  (select count(*)::integer from paired where position is null and cardinality(faults) = 0) as unsealed,
  (select jsonb_build_object('position', position, 'hash', chain_hash) from seal order by position desc limit 1) as head,
  (select count(*)::integer from broken) as "brokenCount",
  coalesce((
    select jsonb_agg(jsonb_build_object('id', id::text, 'faults', faults) order by id)
    from (select * from broken order by id limit {{ listed }}) first
  ), '[]') as broken
