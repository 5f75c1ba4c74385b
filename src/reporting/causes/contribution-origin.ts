import { ident, joined, literal, raw, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ContributionSource, ReportDefinition } from '../definition/definition.js';
import { columnList, columnOf, listOf, namesAndValues, wasLive } from '../sql/row-sql.js';

const entityItselfQuery = sqlFile(new URL('sql/entity-itself.sql', import.meta.url));
const changedSourceQuery = sqlFile(new URL('sql/changed-source.sql', import.meta.url));
const movedToQuery = sqlFile(new URL('sql/moved-to.sql', import.meta.url));
const movedFromQuery = sqlFile(new URL('sql/moved-from.sql', import.meta.url));
const movedFieldsQuery = sqlFile(new URL('sql/moved-fields.sql', import.meta.url));
const correctionQuery = sqlFile(new URL('sql/correction-of-source.sql', import.meta.url));
const sideEffectsQuery = sqlFile(new URL('sql/correction-side-effects.sql', import.meta.url));

/** Maximum number of manual corrections listed per cause. */
const maxListedCorrections = 20;

/** What is known on both sides of the comparison: expressions over a full join of `known` and `built` contributions. */
export interface OriginContext {
  /** The contribution was not published before. */
  readonly isNew: SqlText;
  /** The contribution is no longer built. */
  readonly isGone: SqlText;
  /** The published contributions, as a relation with an alias. */
  readonly published: SqlText;
  /** When the published reports were built, as an expression. */
  readonly since: SqlText;
  /** The columns of the contributions that may explain why an entity moved. */
  readonly fields: readonly string[];
  /** Whether rows were retired or restored manually since; if so, the relations of `correctionRelations` exist. */
  readonly hasCorrections: boolean;
}

/** Expressions that explain why a contribution appeared or disappeared. Use them after the joins. */
export interface ContributionOrigin {
  readonly joins: SqlText;
  /** Whether the entity, a link or a linked row explains it. If not, the entity moved here from another row, or to another row. */
  readonly isKnown: SqlText;
  /** Whether the entity itself explains it. */
  readonly isOfEntity: SqlText;
  /** new, gone, retired or restored; for a link, followed by that word. */
  readonly kind: SqlText;
  /** Members of the cause, as texts of JSON. */
  readonly members: readonly Member[];
  /** The value of a column in the source that explains the change, or `otherwise` if no source does. */
  readonly ofSource: (column: 'version_id' | 'file_id' | 'record_number', otherwise: SqlText) => SqlText;
  readonly isRestored: SqlText;
  /** For an entity that moved: the fields in which its version `moved_to` differs, as the text of a JSON list. */
  readonly movedFields: SqlText;
}

/** A member of a JSON object: its name, and an expression of its value as the text of JSON. */
export type Member = readonly [name: string, text: SqlText];

/**
 * Finds out whether the entity itself, one of its links or a linked row made a contribution appear or disappear. Each is looked up in
 * the warehouse, now and at the time when the published reports were built. The first one in this order counts: a new entity
 * has new links.
 */
export function contributionOrigin(
  { contributions }: ReportDefinition,
  context: OriginContext,
): ContributionOrigin {
  const { entityTable, entityKey, entityVersion, sources } = contributions!;
  const entity = { table: entityTable, isLink: false, key: { [entityKey]: 'entity' } };
  // 0 is the entity itself, the sources follow from 1.
  const candidates: readonly ContributionSource[] = [entity, ...sources];
  const { isNew, hasCorrections } = context;
  const source = hasCorrections ? sql`coalesce(correction_of.source, origin.source)` : sql`origin.source`;
  const pick = (choose: (candidate: ContributionSource, index: number) => SqlText | null) =>
    pickSource(source, candidates, choose);
  const appearedOrNot = sql`case when ${isNew} then 'new' else 'gone' end`;
  const linkWord = pick(({ isLink }) => (isLink ? sql`' link'` : sql`''`));
  return {
    joins: sql`${originJoins(candidates, context)}
      ${hasCorrections ? correctionJoins(candidates, context) : sql``}
      ${movedJoins(entity, entityVersion, source, context)}`,
    isKnown: sql`${source} is not null`,
    isOfEntity: sql`coalesce(${source} = 0, false)`,
    kind: hasCorrections
      ? sql`case when correction_of.restored then 'restored' when not correction_of.restored then 'retired'
          else ${appearedOrNot} end || ${linkWord}`
      : sql`${appearedOrNot} || ${linkWord}`,
    members: [
      ...(sources.length === 0 ? [] : sourceMembers(pick)),
      ...(hasCorrections ? correctionMembers : []),
    ],
    ofSource: (column, otherwise) =>
      sources.length === 0
        ? otherwise
        : sql`case when ${source} > 0
            then ${pick((_, index) => (index === 0 ? null : ident(`source_${index}`, column)))}
            else ${otherwise} end`,
    isRestored: hasCorrections ? sql`coalesce(correction_of.restored, false)` : sql`false`,
    movedFields: movedFieldsQuery({ fields: listOf(context.fields.map((field) => literal(field))) }),
  };
}

/** Finds the first candidate that appeared or disappeared: `origin.source` is its number. */
function originJoins(candidates: readonly ContributionSource[], context: OriginContext): SqlText {
  const { isNew, isGone } = context;
  const [entity, ...sources] = candidates;
  const entityItself = entityItselfQuery({
    is_new: isNew,
    is_gone: isGone,
    was_known: wasKnown(entity!, context),
    table: warehouseTable(entity!),
    is_live_entity: matches(entity!, 'live'),
  });
  const lookUps = sources.map((candidate, index) => {
    const changed = changedSourceQuery({
      is_new: isNew,
      is_gone: isGone,
      was_known: wasKnown(candidate, context),
      table: warehouseTable(candidate),
      is_source: matches(candidate, 'found'),
    });
    return sql`left join lateral (\n${changed}\n) as ${ident(`source_${index + 1}`)} on true`;
  });
  const changed = candidates.map((_, index) => {
    const alias = index === 0 ? 'entity_itself' : `source_${index}`;
    return sql`when ${ident(alias, 'changed')} then ${raw(String(index))}`;
  });
  return sql`cross join lateral (\n${entityItself}\n) as entity_itself
    ${joined(lookUps, '\n')}
    cross join lateral (select case ${joined(changed, ' ')} end as source offset 0) as origin`;
}

/** Finds the manual correction of a source, and the corrections with a side effect on the entity. */
function correctionJoins(
  candidates: readonly ContributionSource[],
  { isNew, isGone }: OriginContext,
): SqlText {
  const sources = candidates.map(({ table, key }, index) => {
    const isRow = Object.entries(key).map(
      ([field, column]) => sql`correction.row_key ->> ${literal(field)} = ${either(column)}::text`,
    );
    return sql`when correction.table_name = ${literal(table)} and ${joined(isRow, ' and ')} then ${raw(String(index))}`;
  });
  const correction = correctionQuery({ is_new: isNew, is_gone: isGone, sources: joined(sources, ' ') });
  const sideEffects = sideEffectsQuery({
    is_new: isNew,
    is_gone: isGone,
    max_listed: raw(String(maxListedCorrections)),
  });
  return sql`left join lateral (\n${correction}\n) as correction_of on true
    left join lateral (\n${sideEffects}\n) as side_effects on true`;
}

/** Finds the versions of an entity that moved between rows: the current one and the one before. */
function movedJoins(
  entity: ContributionSource,
  entityVersion: string,
  source: SqlText,
  { isNew, isGone, since }: OriginContext,
): SqlText {
  const table = warehouseTable(entity);
  const version = ident(entityVersion);
  const movedTo = movedToQuery({
    is_new: isNew,
    is_gone: isGone,
    source,
    table,
    version,
    is_live_entity: matches(entity, 'live'),
  });
  const movedFrom = movedFromQuery({
    table,
    version,
    is_earlier_entity: matches(entity, 'earlier'),
    was_live: wasLive('earlier', since),
  });
  return sql`left join lateral (\n${movedTo}\n) as moved_to on true
    left join lateral (\n${movedFrom}\n) as moved_from on true`;
}

type Pick = (choose: (candidate: ContributionSource, index: number) => SqlText | null) => SqlText;

/** The expression that belongs to the source with this number. */
function pickSource(
  source: SqlText,
  candidates: readonly ContributionSource[],
  choose: Parameters<Pick>[0],
): SqlText {
  const branches = candidates.flatMap((candidate, index) => {
    const chosen = choose(candidate, index);
    return chosen === null ? [] : [sql`when ${raw(String(index))} then ${chosen}`];
  });
  return sql`case ${source} ${joined(branches, ' ')} end`;
}

function sourceMembers(pick: Pick): Member[] {
  const unlessEntity = (value: (candidate: ContributionSource) => SqlText) =>
    pick((candidate, index) => (index === 0 ? null : value(candidate)));
  return [
    ['table', sql`to_json(${unlessEntity(({ table }) => sql`${literal(table)}::text`)})::text`],
    ['key', sql`${unlessEntity(keyObjectOf)}::text`],
  ];
}

const correctionMembers: readonly Member[] = [
  ['by', sql`to_json(correction_of.actor)::text`],
  ['reason', sql`to_json(correction_of.reason)::text`],
  ['byHand', sql`side_effects.list::text`],
];

function wasKnown(source: ContributionSource, { published, since }: OriginContext): SqlText {
  const columns = Object.values(source.key);
  return sql`(${columnList(columns, 'built')}) in (select ${columnList(columns)} from ${published})
    or exists (
      select from ${warehouseTable(source)} as earlier
      where ${matches(source, 'earlier')} and ${wasLive('earlier', since)}
    )`;
}

function warehouseTable({ table }: ContributionSource): SqlText {
  return ident('warehouse', table);
}

/** A column of the contribution, no matter on which side it is. */
function either(column: string): SqlText {
  return sql`coalesce(${columnOf(column, 'known')}, ${columnOf(column, 'built')})`;
}

/** The condition that a warehouse row is this source of the contribution. */
function matches({ key }: ContributionSource, alias: string): SqlText {
  const conditions = Object.entries(key).map(
    ([field, column]) => sql`${columnOf(field, alias)} = ${either(column)}`,
  );
  return joined(conditions, ' and ');
}

/** The key in the form in which retirements keep it: as text, whatever the types of its fields. */
function keyObjectOf({ key }: ContributionSource): SqlText {
  return sql`json_build_object(${namesAndValues(Object.keys(key), (field) => sql`${either(key[field]!)}::text`)})`;
}
