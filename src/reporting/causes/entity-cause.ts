import pg from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import { quoted } from '../sql/table-names.js';
import type { CauseSources, Sides } from './cause.js';
import { isLate } from './cause.js';
import { type Arrival, arrivalOf } from './contribution-origin.js';
import { handRelations } from './manual-corrections.js';
import { summedNews } from './rollup-changes.js';

/** Expressions over a full join of `known` and `built` contributions. */
interface EntityCause {
  /** What the change amounts to by summed column, as jsonb. */
  readonly amounts: string;
  /** What happened to the entity, as the text of a JSON object. */
  readonly cause: string;
  /** Relations for the head of the query, where it needs some. */
  readonly head: string;
  /** What to join besides. */
  readonly joins: string;
  /** The parameters of all of these. */
  readonly values: readonly unknown[];
}

/** Columns of a contribution that say where it comes from, not what it brings. */
const originColumns = ['entity', 'entity_name', 'version', 'file_id', 'record_number'];

const plainTypes = /^(smallint|integer|bigint|numeric|boolean|date)\b/;

/**
 * SQL that tells of a contribution that came, went or changed what happened, where that comes from, and what it amounts
 * to. JSON is written as text and read once: 45,000 causes take half the time that `jsonb_build_object` takes.
 */
export async function entityCause(
  definition: ReportDefinition,
  sides: Sides,
  common: ReadonlyMap<string, string>,
  published: string,
  { knownFiles, since, byHand }: CauseSources,
): Promise<EntityCause> {
  const { key, contributions } = definition;
  const values: unknown[] = [];
  const given = (value: unknown) => `$${values.push(value)}`;
  const first = quoted(key[0]!);
  const [came, went] = [`known.${first} is null`, `built.${first} is null`];
  const column = (side: keyof Sides, field: string) =>
    sides[side].has(field) ? quoted(field, side) : 'null';
  const latest = (field: string) =>
    `case when ${went} then ${column('known', field)} else ${column('built', field)} end`;
  const isByHand = since !== null && byHand.retired.length + byHand.restored.length > 0;
  const sinceValue = since === null ? null : `${given(since)}::timestamptz`;
  const arrival =
    sinceValue === null
      ? null
      : arrivalOf(definition, {
          came,
          went,
          published,
          since: sinceValue,
          fields: [...common.keys()].filter((name) => !originColumns.includes(name)),
          byHand: isByHand,
        });
  const kind = `case
      ${arrival === null ? '' : `when (${came} or ${went}) and ${arrival.isKnown} then ${arrival.kind}`}
      when ${came} then ${arrival === null ? `case when built.entity in (select entity from ${published}) then 'joined' else 'new' end` : `'joined'`}
      when ${went} then 'left'
      when known.version is distinct from built.version then 'changed'
      when known.left_out is distinct from built.left_out then
        case when built.left_out is null then 'released' else 'withheld' end
      else 'related' end`;
  // An entity that left is told with the version by which it did.
  const moved = (field: string, otherwise: string) =>
    arrival === null ? otherwise : `coalesce(case when ${went} then moved_to.${field} end, ${otherwise})`;
  const ofSource: Arrival['ofSource'] = arrival?.ofSource ?? ((_, otherwise) => otherwise);
  const summed = sinceValue === null ? undefined : contributions!.summed;
  const told: readonly (readonly [string, string])[] = [
    [contributions!.entityKey, 'coalesce(built.entity, known.entity)::text'],
    ['name', jsonText(latest('entity_name'))],
    ['leftOut', jsonText(latest('left_out'))],
    ['fields', `coalesce(${fieldsThatDiffer(common, came, went)}, ${arrival?.movedBy ?? 'null'})`],
    ...(arrival?.told ?? []),
    ...(summed === undefined ? [] : ([['summed', 'summed_news.list']] as const)),
    [
      'version',
      `case when not (${went}) then ${ofSource('version_id', 'built.version')} ${arrival === null ? '' : 'else moved_to.version'} end::text`,
    ],
    [
      'earlierVersion',
      `case when not (${came}) then ${ofSource('version_id', 'known.version')} ${arrival === null ? '' : 'else moved_from.version'} end::text`,
    ],
    ['file', jsonText('file.name')],
    ['period', jsonText('file.period')],
    ['record', `(${ofSource('record_number', moved('record_number', latest('record_number')))})::text`],
    // What came with a file of an earlier period than was known, but was not yet known then itself. An entity that is put
    // back by hand, or only depends on others, did not come with the file it is known from.
    ...(arrival === null
      ? []
      : ([
          [
            'late',
            `case when case when ${went} then moved_to.version <> known.version else known.version is distinct from built.version end and not ${arrival.isRestored}
               and ${isLate(knownFiles, given)} then 'true' end`,
          ],
        ] as const)),
  ];
  const members = told.map(
    ([field, text]) => `coalesce(${pg.escapeLiteral(`,${JSON.stringify(field)}:`)} || ${text}, '')`,
  );
  return {
    amounts: amountsThatDiffer(definition, column),
    cause: `'{"kind":"' || ${kind} || '"' || ${members.join(' || ')} || '}'`,
    head: [
      ...(isByHand ? [await handRelations(definition, given(byHand.retired), given(byHand.restored))] : []),
      ...(summed === undefined ? [] : [summedNews(summed, sinceValue!)]),
    ].join(', '),
    joins: `${arrival?.joins ?? ''}
      ${summed === undefined ? '' : `left join summed_news on summed_news.entity = built.entity and not (${came}) and ${differsIn([summed.count, summed.sum])}`}
      left join source.file on file.id = ${ofSource('file_id', moved('file_id', latest('file_id')))}`,
    values,
  };
}

/** The condition that a contribution on both sides has not the same in some of these columns. */
function differsIn(columns: readonly string[]): string {
  const of = (side: keyof Sides) => columns.map((name) => quoted(name, side)).join(', ');
  return `(${of('known')}) is distinct from (${of('built')})`;
}

function jsonText(expression: string): string {
  return `to_json(${expression})::text`;
}

/** What a contribution on both sides says differently, column by column. */
function fieldsThatDiffer(columns: ReadonlyMap<string, string>, came: string, went: string): string {
  const fields = [...columns]
    .filter(([name]) => !originColumns.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, type]) => {
      const [old, now] = [quoted(name, 'known'), quoted(name, 'built')];
      // Numbers and days have nothing in them to be escaped. What was or is unknown is left out.
      const member = (as: string, value: string) =>
        `coalesce(',"${as}":' || ${plainTypes.test(type) ? `'"' || ${value}::text || '"'` : jsonText(`${value}::text`)}, '')`;
      return `case when ${old} is distinct from ${now} then
        ${pg.escapeLiteral(`{"field":${JSON.stringify(name)}`)} || ${member('old', old)} || ${member('new', now)} || '}' end`;
    });
  return `case when not (${came}) and not (${went}) then '[' || concat_ws(',', ${fields.join(', ')}) || ']' end`;
}

function amountsThatDiffer(
  { columns }: ReportDefinition,
  column: (side: keyof Sides, field: string) => string,
): string {
  const amounts = columns.flatMap(({ name, sum }) => {
    if (sum === undefined) return [];
    const [old, now] = (['known', 'built'] as const).map(
      (side) => `coalesce(${column(side, name)}, 0)::numeric`,
    );
    const shown = sum.places === undefined ? `${now} - ${old}` : `round(${now} - ${old}, ${sum.places})`;
    return `case when ${now} <> ${old} then ${pg.escapeLiteral(`${JSON.stringify(name)}:"`)} || trim_scale(${shown}) || '"' end`;
  });
  return `('{' || concat_ws(',', ${['null', ...amounts].join(', ')}) || '}')::jsonb`;
}
