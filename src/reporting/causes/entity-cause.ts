import { joined, literal, raw, type SqlText, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { columnOf, listOf } from '../sql/row-sql.js';
import { type CauseSources, isLate, originColumns, type Sides } from './cause.js';
import { type ContributionOrigin, contributionOrigin, type Member } from './contribution-origin.js';
import { correctionRelations } from './manual-corrections.js';
import { rollupChanges } from './rollup-changes.js';
import { type UnusableFields, unusableValuesJoin } from './unusable-values.js';

/** Expressions over a full join of `known` and `built` contributions. */
interface EntityCause {
  /** The amounts of the change by summed column, as jsonb. */
  readonly amounts: SqlText;
  /** What happened to the entity, as the text of a JSON object. */
  readonly cause: SqlText;
  /** Relations for the head of the query; may be empty. */
  readonly head: readonly SqlText[];
  /** Joins that the expressions need. */
  readonly joins: SqlText;
}

/** Everything that the parts of the cause are made from. */
interface Context {
  readonly definition: ReportDefinition;
  readonly sides: Sides;
  /** The columns that both sides have with the same type. */
  readonly common: ReadonlyMap<string, string>;
  /** The published contributions, as a relation with the alias `known`. */
  readonly published: SqlText;
  readonly isNew: SqlText;
  readonly isGone: SqlText;
  /** Null for a rollback, whose contributions go back in time. */
  readonly origin: ContributionOrigin | null;
}

/** Types whose text needs no escaping in JSON. */
const plainTypes = /^(smallint|integer|bigint|numeric|boolean|date)\b/;

/**
 * Explains a contribution that appeared, disappeared or changed: what happened, which record says so, and the amounts. JSON
 * is written as text and parsed once: 45,000 causes take half the time of `jsonb_build_object`.
 */
export async function entityCause(
  definition: ReportDefinition,
  sides: Sides,
  common: ReadonlyMap<string, string>,
  published: SqlText,
  { knownFiles, since, corrections }: CauseSources,
  unusable: UnusableFields,
): Promise<EntityCause> {
  const { key, contributions } = definition;
  const isNew = sql`${columnOf(key[0]!, 'known')} is null`;
  const isGone = sql`${columnOf(key[0]!, 'built')} is null`;
  const hasCorrections = since !== null && corrections.retired.length + corrections.restored.length > 0;
  const sinceTime = since === null ? null : sql`${since}::timestamptz`;
  const fields = [...common.keys()].filter((name) => !originColumns.includes(name));
  const origin =
    sinceTime === null
      ? null
      : contributionOrigin(definition, {
          isNew,
          isGone,
          published,
          since: sinceTime,
          fields,
          hasCorrections,
        });
  const context: Context = { definition, sides, common, published, isNew, isGone, origin };
  const summed = sinceTime === null ? undefined : contributions!.summed;
  const hasUnusable = unusable.ofEntities.length > 0;
  const members: readonly Member[] = [
    ...identityMembers(context),
    ...(hasUnusable ? [['unusable', sql`unusable.list`] as const] : []),
    ...(origin?.members ?? []),
    ...(summed === undefined ? [] : [['summed', sql`summed_change.list`] as const]),
    ...recordMembers(context),
    ...(origin === null ? [] : [lateMember(context, origin, isLate(knownFiles))]),
  ];
  const summedJoin =
    summed === undefined
      ? sql``
      : sql`left join summed_change on summed_change.entity = built.entity and not (${isNew})
          and ${differsIn([summed.count, summed.sum])}`;
  return {
    amounts: changedAmounts(context),
    cause: jsonObject(kindOf(context), members),
    head: [
      ...(hasCorrections ? [await correctionRelations(definition, corrections)] : []),
      ...(summed === undefined ? [] : [rollupChanges(summed, sinceTime!, unusable)]),
    ],
    joins: sql`${origin?.joins ?? sql``}
      ${hasUnusable ? unusableJoin(context, unusable) : sql``}
      ${summedJoin}
      left join source.file on file.id = ${originColumn(context, 'file_id')}`,
  };
}

/** Finds the unusable values of the record by which a contribution changed, in fields that are not as before. */
function unusableJoin(context: Context, unusable: UnusableFields): SqlText {
  const { definition, common, isNew, isGone, origin } = context;
  const hasMoved = sql`moved_to.version is not null and moved_to.version is distinct from moved_from.version`;
  const moved = origin === null ? sql`not (${isGone})` : sql`${origin.isKnown} is false and ${hasMoved}`;
  const appeared = origin === null ? moved : sql`(${isNew} and ${origin.isOfEntity}) or (${moved})`;
  const unchanged = unusable.ofEntities.flatMap((field) => {
    const name = literal(field);
    const onBothSides = sql`case when not (${isNew} or ${isGone})
      and ${columnOf(field, 'known')} is not distinct from ${columnOf(field, 'built')} then ${name} end`;
    const asItMoved = sql`case when moved_from.version is not null
      and moved_from.fields ->> ${name} is not distinct from moved_to.fields ->> ${name} then ${name} end`;
    return [...(common.has(field) ? [onBothSides] : []), ...(origin === null ? [] : [asItMoved])];
  });
  return unusableValuesJoin(definition, unusable, {
    isReason: sql`case when ${isNew} or ${isGone} then ${appeared} else known.version is distinct from built.version end`,
    fileId: originColumn(context, 'file_id'),
    recordNumber: originColumn(context, 'record_number'),
    unchanged,
  });
}

/** What happened, by the kinds of docs/explain.md. */
function kindOf({ published, isNew, isGone, origin }: Context): SqlText {
  const known =
    origin === null ? sql`` : sql`when (${isNew} or ${isGone}) and ${origin.isKnown} then ${origin.kind}`;
  const appeared =
    origin === null
      ? sql`case when built.entity in (select entity from ${published}) then 'joined' else 'new' end`
      : sql`'joined'`;
  return sql`case
    ${known}
    when ${isNew} then ${appeared}
    when ${isGone} then 'left'
    when known.version is distinct from built.version then 'changed'
    when known.left_out is distinct from built.left_out then
      case when built.left_out is null then 'released' else 'withheld' end
    else 'related' end`;
}

/** Which entity it is, and what is different about it. */
function identityMembers(context: Context): Member[] {
  const { definition, origin } = context;
  return [
    [definition.contributions!.entityKey, sql`coalesce(built.entity, known.entity)::text`],
    ['name', jsonText(latest(context, 'entity_name'))],
    ['leftOut', jsonText(latest(context, 'left_out'))],
    ['fields', sql`coalesce(${changedFields(context)}, ${origin?.movedFields ?? sql`null`})`],
  ];
}

/** The record that says so, and the versions of the warehouse row. For an entity that left: the version by which it left. */
function recordMembers(context: Context): Member[] {
  const { isNew, isGone, origin } = context;
  const version = (side: keyof Sides) => {
    const own = columnOf('version', side);
    return origin === null ? own : origin.ofSource('version_id', own);
  };
  const moved = (alias: SqlText) => (origin === null ? sql`` : sql`else ${alias}.version`);
  return [
    ['version', sql`case when not (${isGone}) then ${version('built')} ${moved(sql`moved_to`)} end::text`],
    [
      'earlierVersion',
      sql`case when not (${isNew}) then ${version('known')} ${moved(sql`moved_from`)} end::text`,
    ],
    ['file', jsonText(sql`file.name`)],
    ['period', jsonText(sql`file.period`)],
    ['record', sql`(${originColumn(context, 'record_number')})::text`],
  ];
}

/**
 * Whether the change came with a late file. An entity that was restored manually, or that only depends on others, did not come with the
 * file it is known from.
 */
function lateMember({ isGone }: Context, { isRestored }: ContributionOrigin, fileIsLate: SqlText): Member {
  return [
    'late',
    sql`case when case when ${isGone} then moved_to.version <> known.version
        else known.version is distinct from built.version end
      and not ${isRestored} and ${fileIsLate} then 'true' end`,
  ];
}

/** A column of the record that says so: of a source, of the version by which the entity left, or of the contribution. */
function originColumn(context: Context, column: 'file_id' | 'record_number'): SqlText {
  const { isGone, origin } = context;
  const own = latest(context, column);
  if (origin === null) return own;
  const moved = sql`coalesce(case when ${isGone} then ${columnOf(column, 'moved_to')} end, ${own})`;
  return origin.ofSource(column, moved);
}

/** A column of the built contribution, or of the published one if it is gone. */
function latest({ sides, isGone }: Context, column: string): SqlText {
  return sql`case when ${isGone} then ${columnOrNull(sides, 'known', column)}
    else ${columnOrNull(sides, 'built', column)} end`;
}

function columnOrNull(sides: Sides, side: keyof Sides, column: string): SqlText {
  return sides[side].has(column) ? columnOf(column, side) : sql`null`;
}

/** The condition that a contribution differs in some of these columns. */
function differsIn(columns: readonly string[]): SqlText {
  const of = (side: keyof Sides) => listOf(columns.map((name) => columnOf(name, side)));
  return sql`(${of('known')}) is distinct from (${of('built')})`;
}

function jsonText(expression: SqlText): SqlText {
  return sql`to_json(${expression})::text`;
}

/** A JSON object as text; members whose text is null are left out. */
function jsonObject(kind: SqlText, members: readonly Member[]): SqlText {
  const texts = members.map(
    ([name, text]) => sql`coalesce(${literal(`,${JSON.stringify(name)}:`)} || ${text}, '')`,
  );
  return sql`'{"kind":"' || ${kind} || '"' || ${joined(texts, ' || ')} || '}'`;
}

/** The fields in which a contribution that is on both sides differs. */
function changedFields({ common, isNew, isGone }: Context): SqlText {
  const fields = [...common]
    .filter(([name]) => !originColumns.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, type]) => {
      const [old, now] = [columnOf(name, 'known'), columnOf(name, 'built')];
      const text = (value: SqlText) =>
        plainTypes.test(type) ? sql`'"' || ${value}::text || '"'` : jsonText(sql`${value}::text`);
      // Unknown values are left out.
      return sql`case when ${old} is distinct from ${now} then
        ${literal(`{"field":${JSON.stringify(name)}`)} || coalesce(',"old":' || ${text(old)}, '')
          || coalesce(',"new":' || ${text(now)}, '') || '}' end`;
    });
  return sql`case when not (${isNew}) and not (${isGone}) then '[' || concat_ws(',', ${listOf(fields)}) || ']' end`;
}

function changedAmounts({ definition, sides }: Context): SqlText {
  const amounts = definition.columns.flatMap(({ name, sum }) => {
    if (sum === undefined) return [];
    const [old, now] = (['known', 'built'] as const).map(
      (side) => sql`coalesce(${columnOrNull(sides, side, name)}, 0)::numeric`,
    );
    const change =
      sum.places === undefined
        ? sql`${now} - ${old}`
        : sql`round(${now} - ${old}, ${raw(String(sum.places))})`;
    return [
      sql`case when ${now} <> ${old} then ${literal(`${JSON.stringify(name)}:"`)} || trim_scale(${change}) || '"' end`,
    ];
  });
  return sql`('{' || concat_ws(',', ${listOf([sql`null`, ...amounts])}) || '}')::jsonb`;
}
