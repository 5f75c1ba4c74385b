-- An audit that shows tampering. Each event carries a hash of its content; committed events are appended to a chain of hashes in a
-- second table. Appending is a job of its own, so that audited transactions need not wait for each other.

alter table support.audit_event add column recorded_by text;
alter table support.audit_event add column content_hash text;

create table support.audit_seal (
  position bigint not null,
  event_id bigint not null,
  event_hash text not null,
  chain_hash text not null,
  sealed_date timestamptz(6) not null default current_timestamp,
  constraint audit_seal_pkey primary key (position)
);
create unique index audit_seal_event_id_key on support.audit_seal (event_id);

create function support.audit_event_hash(event support.audit_event) returns text
  language sql stable strict parallel safe
  set search_path = pg_catalog
return encode(sha256(convert_to(jsonb_build_array(
  event.id,
  to_char(event.created_date at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
  event.actor, event.action, event.arguments, event.outcome, event.run_id, event.recorded_by
)::text, 'UTF8')), 'hex');

create function support.audit_chain_hash(previous text, place bigint, event_id bigint, event_hash text) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog
return encode(sha256(convert_to(concat_ws(' ', previous, place, event_id, event_hash), 'UTF8')), 'hex');

-- The events of earlier versions: what they contain from here on is protected.
update support.audit_event set recorded_by = 'marquee_pipeline';
update support.audit_event e set content_hash = support.audit_event_hash(e);

create function support.complete_audit_event() returns trigger
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  -- The clock of the database, not that of the writer.
  new.created_date := clock_timestamp();
  new.recorded_by := session_user;
  new.content_hash := support.audit_event_hash(new);
  return new;
end
$$;

create function support.refuse_audit_change() returns trigger
  language plpgsql
  set search_path = pg_catalog
as $$
begin
  if current_user <> (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
    raise insufficient_privilege using
      message = format('%s.%s is append-only: %s is refused', tg_table_schema, tg_table_name, lower(tg_op));
  end if;
  return null;
end
$$;

create trigger complete before insert on support.audit_event
  for each row execute function support.complete_audit_event();
create trigger append_only before update or delete or truncate on support.audit_event
  for each statement execute function support.refuse_audit_change();
create trigger append_only before insert or update or delete or truncate on support.audit_seal
  for each statement execute function support.refuse_audit_change();

-- Events up to this number were sealed more than a day before the last sealing. A number up to it that is not sealed was inserted by
-- hand: no transaction takes that long.
create function support.audit_sealed_until() returns bigint
  language sql stable
  set search_path = pg_catalog
as $$
  select coalesce((
    select s.event_id from support.audit_seal s
    where s.sealed_date < (
      select sealed_date from support.audit_seal order by position desc limit 1
    ) - interval '1 day'
    order by s.position desc limit 1
  ), 0)
$$;

-- Appends committed events to the chain, in the order of their numbers; an event whose transaction was open the last time follows
-- later. An event whose content does not match its hash is left out: the verification reports it.
create function support.seal_audit() returns integer
  language plpgsql security definer
  set search_path = pg_catalog
as $$
declare
  event record;
  place bigint;
  chain text;
  sealed integer := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('marquee.audit_seal', 0));
  select s.position, s.chain_hash into place, chain from support.audit_seal s order by s.position desc limit 1;
  for event in
    select e.id, e.content_hash
    from support.audit_event e
    where e.id > support.audit_sealed_until()
      and e.content_hash = support.audit_event_hash(e)
      and not exists (select from support.audit_seal s where s.event_id = e.id)
    order by e.id
  loop
    place := coalesce(place, 0) + 1;
    chain := support.audit_chain_hash(chain, place, event.id, event.content_hash);
    insert into support.audit_seal (position, event_id, event_hash, chain_hash, sealed_date)
    values (place, event.id, event.content_hash, chain, clock_timestamp());
    sealed := sealed + 1;
  end loop;
  return sealed;
end
$$;

revoke insert, update, delete, truncate on support.audit_seal from marquee_pipeline;
revoke execute on function support.seal_audit() from public;
grant execute on function support.seal_audit() to marquee_pipeline;
