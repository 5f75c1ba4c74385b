import pg from 'pg';
import type { ContributionSource, ReportDefinition } from '../definition/definition.js';
import { quoted, wasLive } from '../sql/table-names.js';

/** What is known of both sides of the comparison, as expressions over a full join of `known` and `built` contributions. */
export interface ArrivalContext {
  readonly came: string;
  readonly went: string;
  /** The contributions compared with, as a relation of a name. */
  readonly published: string;
  /** When the reports compared with were built, as an expression. */
  readonly since: string;
  /** The columns of the contributions that may say why an entity moved. */
  readonly fields: readonly string[];
  /** Whether anything was retired or restored by hand since; if so, there are the relations of `handRelations`. */
  readonly byHand: boolean;
}

/** Expressions that tell what is behind a contribution that came or went; to be used after the joins. */
export interface Arrival {
  readonly joins: string;
  /** Whether anything is: the entity, a link, what is linked to. If not, the entity only came from another row or went to one. */
  readonly isKnown: string;
  /** new, gone, retired or restored; of a link, with that word. */
  readonly kind: string;
  /** Members of the cause, as texts of JSON. */
  readonly told: readonly (readonly [string, string])[];
  /** What a source has in a column, where one is behind it; if not, what is given. */
  readonly ofSource: (column: 'version_id' | 'file_id' | 'record_number', otherwise: string) => string;
  readonly isRestored: string;
  /** Of an entity that moved, the version by which it did, in `moved_to`, and in what that differs, as the text of a list. */
  readonly movedBy: string;
}

/**
 * SQL that finds out whether the entity itself, one of its links or what is linked to is what brought a contribution or took
 * it away. Each is looked up in the warehouse, as it is and as it was when the reports compared with were built. The first
 * in this order is told: a new entity has new links.
 */
export function arrivalOf({ contributions }: ReportDefinition, context: ArrivalContext): Arrival {
  const { came, went, published, since, fields, byHand } = context;
  const { entityTable, entityKey, entityVersion, sources } = contributions!;
  const entity = { table: entityTable, isLink: false, key: { [entityKey]: 'entity' } };
  const places = [entity, ...sources];
  const wasKnown = (source: ContributionSource) =>
    `(${columns(source, 'built')}) in (select ${columns(source)} from ${published})
     or exists (select from ${table(source)} as earlier where ${matches(source, 'earlier')} and ${wasLive('earlier', since)})`;
  const lookUps = sources.map(
    (source, place) => `
    left join lateral (
      select found.version_id, found.file_id, found.record_number,
        case when ${came} then not (${wasKnown(source)}) else found.deleted end as changed
      from ${table(source)} as found
      where (${came} or ${went}) and not entity_itself.changed and ${matches(source, 'found')}
      order by found.deleted, found.deleted_date desc
      limit 1
    ) as source_${place + 1} on true`,
  );
  const changed = places.map(
    (_, place) => `when ${place === 0 ? 'entity_itself' : `source_${place}`}.changed then ${place}`,
  );
  const place = byHand ? 'coalesce(by_hand.place, behind.place)' : 'behind.place';
  const each = (value: (source: ContributionSource, place: number) => string | null) =>
    `case ${place} ${places
      .flatMap((source, at) => {
        const told = value(source, at);
        return told === null ? [] : [`when ${at} then ${told}`];
      })
      .join(' ')} end`;
  const isRestored = byHand ? 'coalesce(by_hand.restored, false)' : 'false';
  return {
    joins: `
    cross join lateral (
      select case
        when ${came} then not (${wasKnown(entity)})
        when ${went} then not exists (
          select from ${table(entity)} as live where ${matches(entity, 'live')} and not live.deleted
        )
        else false
      end as changed
      offset 0 -- so that it is found once
    ) as entity_itself
    ${lookUps.join('')}
    cross join lateral (select case ${changed.join(' ')} end as place offset 0) as behind
    ${byHand ? handOf(places, context) : ''}
    left join lateral (
      select live.${quoted(entityVersion)} as version, live.file_id, live.record_number, to_jsonb(live) as fields
      from ${table(entity)} as live
      where (${came} or ${went}) and ${place} is null and ${matches(entity, 'live')} and not live.deleted
      limit 1
    ) as moved_to on true
    left join lateral (
      select earlier.${quoted(entityVersion)} as version, to_jsonb(earlier) as fields
      from ${table(entity)} as earlier
      where moved_to.version is not null -- or each entity would be looked up
        and ${matches(entity, 'earlier')} and earlier.${quoted(entityVersion)} <> moved_to.version and ${wasLive('earlier', since)}
      limit 1
    ) as moved_from on true`,
    isKnown: `${place} is not null`,
    kind: `${byHand ? `case when by_hand.restored then 'restored' when not by_hand.restored then 'retired' else` : ''}
      case when ${came} then 'new' else 'gone' end ${byHand ? 'end' : ''}
      || ${each((source) => (source.isLink ? `' link'` : `''`))}`,
    told: [
      ...(sources.length === 0
        ? []
        : ([
            [
              'table',
              `to_json(${each((source, at) => (at === 0 ? null : `${pg.escapeLiteral(source.table)}::text`))})::text`,
            ],
            ['key', `${each((source, at) => (at === 0 ? null : keyOf(source)))}::text`],
          ] as const)),
      ...(byHand
        ? ([
            ['by', 'to_json(by_hand.actor)::text'],
            ['reason', 'to_json(by_hand.reason)::text'],
            ['byHand', 'beside.list::text'],
          ] as const)
        : []),
    ],
    ofSource: (column, otherwise) =>
      sources.length === 0
        ? otherwise
        : `case when ${place} > 0 then ${each((_, at) => (at === 0 ? null : `source_${at}.${column}`))} else ${otherwise} end`,
    isRestored,
    movedBy: `case when moved_from.version is not null then (
      select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'field', field, 'old', moved_from.fields ->> field, 'new', moved_to.fields ->> field
      )) order by field)
      from unnest(array[${fields.map((field) => pg.escapeLiteral(field)).join(', ')}]::text[]) as field
      where moved_from.fields ? field and moved_from.fields ->> field is distinct from moved_to.fields ->> field
    ) end::text`,
  };
}

/** What was retired or restored by hand of what is behind it, or changed a contribution that neither came nor went. */
function handOf(places: readonly ContributionSource[], { came, went }: ArrivalContext): string {
  const placed = places.map(
    (source, at) =>
      `when hand.table_name = ${pg.escapeLiteral(source.table)} and ${Object.entries(source.key)
        .map(([name, column]) => `hand.row_key ->> ${pg.escapeLiteral(name)} = ${either(column)}::text`)
        .join(' and ')} then ${at}`,
  );
  return `
    left join lateral (
      select placed.*
      from (select hand.*, case ${placed.join(' ')} end as place from hand) as placed
      where placed.place is not null
        and case when ${came} then placed.restored when ${went} then not placed.restored and placed.place = behind.place end
      order by placed.place, placed.id desc
      limit 1
    ) as by_hand on true
    left join lateral (
      select jsonb_agg(jsonb_build_object(
        'kind', case when first.restored then 'restored' else 'retired' end,
        'table', first.table_name, 'key', first.row_key, 'by', first.actor, 'reason', first.reason
      ) order by first.id) as list
      from (
        select hand.*
        from hand
        join beside_hand on beside_hand.id = hand.id
        where beside_hand.entity = built.entity and not (${came} or ${went}) and known.version = built.version
        order by hand.id
        limit ${namedRetirements}
      ) as first
    ) as beside on true`;
}

/** So many retirements a cause names at most. */
const namedRetirements = 20;

function table(source: ContributionSource): string {
  return `warehouse.${quoted(source.table)}`;
}

function either(column: string): string {
  return `coalesce(${quoted(column, 'known')}, ${quoted(column, 'built')})`;
}

function columns({ key }: ContributionSource, alias?: string): string {
  return Object.values(key)
    .map((column) => quoted(column, alias))
    .join(', ');
}

function matches({ key }: ContributionSource, alias: string): string {
  return Object.entries(key)
    .map(([name, column]) => `${quoted(name, alias)} = ${either(column)}`)
    .join(' and ');
}

/** The key as retirements keep it: as text, whatever the types of its fields. */
function keyOf({ key }: ContributionSource): string {
  const pairs = Object.entries(key).map(
    ([name, column]) => `${pg.escapeLiteral(name)}, ${either(column)}::text`,
  );
  return `json_build_object(${pairs.join(', ')})`;
}
