import pg from 'pg';
import type { ReportDefinition } from './definition.js';
import { contributionBuildTable, keyPairs, quoted } from './sql-names.js';

/** What the cause of a contribution's change is told from, beside the contribution. */
export interface CauseSources {
  /** The newest period of the publication before: what comes from an earlier one is late. */
  readonly newestPeriod: string;
  /** The publication before, where anything was retired or restored by hand since; null where nothing was. */
  readonly retiredSince: number | null;
  /** True for a rollback, whose contributions go back. */
  readonly rollback?: boolean | undefined;
}

/** The columns of the published contributions, and of those that were built, with their types. */
interface Sides {
  readonly known: ReadonlyMap<string, string>;
  readonly built: ReadonlyMap<string, string>;
}

/** Expressions over a full join of `known` and `built` contributions. */
interface EntityCause {
  /** What the change amounts to by summed column, as jsonb. */
  readonly amounts: string;
  /** What happened to the entity, as the text of a JSON object. */
  readonly cause: string;
  /** What to join besides. */
  readonly joins: string;
  /** The parameters of all of these. */
  readonly values: readonly unknown[];
}

/** Columns of a contribution that say where it comes from, not what it brings. */
const originColumns = ['entity', 'entity_name', 'version', 'file_id', 'record_number'];

/** The files that went into the warehouse since the last publication. */
const newlyCleaned = `
  select transform.file_id from support.file_transform as transform
  where transform.created_date > (select max(published_date) from reporting.publication)`;

const plainTypes = /^(smallint|integer|bigint|numeric|boolean|date)\b/;

/**
 * SQL that tells of a contribution that came, went or changed what happened, where that comes from, and what it amounts
 * to. JSON is written as text and read once: 45,000 causes take half the time that `jsonb_build_object` takes.
 */
export function entityCause(
  definition: ReportDefinition,
  sides: Sides,
  alike: boolean,
  published: string,
  { newestPeriod, retiredSince, rollback = false }: CauseSources,
): EntityCause {
  const { name, key, contributions } = definition;
  const first = quoted(key[0]!);
  const [came, went] = [`known.${first} is null`, `built.${first} is null`];
  const column = (side: keyof Sides, field: string) =>
    sides[side].has(field) ? quoted(field, side) : 'null';
  const latest = (field: string) =>
    `case when ${went} then ${column('known', field)} else ${column('built', field)} end`;
  const byHand = (restored: boolean) =>
    retiredSince === null
      ? ''
      : `when hand.restored = ${restored} then '${restored ? 'restored' : 'retired'}'`;
  const kind = `case
      when ${came} then case ${byHand(true)}
        when built.entity in (select entity from ${published}) then 'joined' else 'new' end
      when ${went} then case ${byHand(false)}
        when ${rollback ? 'true' : `known.entity in (select entity from ${contributionBuildTable(name)})`} then 'left' else 'gone' end
      when known.version is distinct from built.version then 'changed'
      when known.left_out is distinct from built.left_out then
        case when built.left_out is null then 'released' else 'withheld' end
      else 'related' end`;
  const told: readonly (readonly [string, string])[] = [
    [contributions!.entityKey, 'coalesce(built.entity, known.entity)::text'],
    ['name', jsonText(latest('entity_name'))],
    ['leftOut', jsonText(latest('left_out'))],
    ...(alike ? [['fields', fieldsThatDiffer(sides.known, came, went)] as const] : []),
    ['version', 'built.version::text'],
    ['earlierVersion', 'known.version::text'],
    ['file', jsonText('file.name')],
    ['period', jsonText('file.period')],
    ['record', `(${latest('record_number')})::text`],
    // What came with a file of an earlier period than was known, but was not yet known then itself. An entity that is put
    // back by hand, or only depends on others, did not come with the file it is known from.
    [
      'late',
      `case when not (${went}) and known.version is distinct from built.version
         ${retiredSince === null ? '' : 'and hand.restored is not true'}
         and file.period < $1 and file.id in (${newlyCleaned}) then 'true' end`,
    ],
    ...(retiredSince === null
      ? []
      : ([
          ['reason', jsonText('hand.reason')],
          ['by', jsonText('hand.actor')],
        ] as const)),
  ];
  const members = told.map(
    ([field, text]) => `coalesce(${pg.escapeLiteral(`,${JSON.stringify(field)}:`)} || ${text}, '')`,
  );
  return {
    amounts: amountsThatDiffer(definition, column),
    cause: `'{"kind":"' || ${kind} || '"' || ${members.join(' || ')} || '}'`,
    joins: `left join source.file on file.id = ${latest('file_id')}
      ${retiredSince === null ? '' : retirementOf(definition, came, went)}`,
    values: retiredSince === null ? [newestPeriod] : [newestPeriod, retiredSince],
  };
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

/** What was retired or restored by hand and is behind a contribution that came or went. */
function retirementOf(definition: ReportDefinition, came: string, went: string): string {
  const { key, contributions } = definition;
  const either = (column: string) => `coalesce(known.${quoted(column)}, built.${quoted(column)})`;
  const pairs = [
    ...keyPairs(key, either),
    `${pg.escapeLiteral(contributions!.entityKey)}, ${either('entity')}`,
  ];
  return `left join lateral (
       select restored_date is not null as restored, reason, coalesce(restored_by, actor) as actor
       from support.retirement
       where greatest(created_date, restored_date)
           > (select published_date from reporting.publication where number = $2)
         -- Kept as text, whatever the type of a key's field.
         and not exists (
           select from jsonb_each_text(row_key) as field (name, value)
           where field.value is distinct from (
             case when ${went} then to_jsonb(known) else to_jsonb(built) end || jsonb_build_object(${pairs.join(', ')})
           ) ->> field.name
         )
       order by id desc
       limit 1
     ) as hand on ${came} or ${went}`;
}
