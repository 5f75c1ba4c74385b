import pg from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import { placeOf, quoted } from '../sql/table-names.js';
import { isLate, type KnownFiles } from './cause.js';

/** What the reports were that are compared with. */
export interface ComparedState {
  /** When they were built. */
  readonly builtDate: string;
  /** The files they reflect. */
  readonly knownFiles: KnownFiles;
}

/** For the cells that show a column of what entities are linked to, its name say. */
export interface LabelCauses {
  /** What to join to `difference`. */
  readonly joins: string;
  /** The places of these cells. */
  readonly places: readonly number[];
  /** The list of causes of such a cell; null where nothing happened to what it shows. */
  readonly cause: string;
}

/**
 * SQL that tells of a cell that shows what entities are linked to what happened there: the cell changed with that, whatever
 * entities did meanwhile.
 * @param before what it is compared with; null where that is of no use: a rollback
 * @param given makes an expression of a value
 */
export function labelCauses(
  definition: ReportDefinition,
  before: ComparedState | null,
  given: (value: unknown) => string,
): LabelCauses {
  const shown = (definition.contributions?.sources ?? []).flatMap((source) =>
    Object.entries(source.shows ?? {}).map(([shows, column]) => ({
      ...source,
      column,
      place: placeOf(definition, definition.columns.find(({ name }) => name === shows)!),
    })),
  );
  const places = shown.map(({ place }) => place);
  if (before === null || shown.length === 0) return { joins: '', places, cause: 'null::jsonb' };
  const since = `${given(before.builtDate)}::timestamptz`;
  const late = isLate(before.knownFiles, given);
  return {
    places,
    joins: shown
      .map(({ table, key, place }) => {
        const fields = Object.entries(key);
        const same = (alias: string) =>
          fields.map(([name]) => `${quoted(name, alias)} = ${quoted(name, 'now')}`).join(' and ');
        const keyPairs = fields.map(([name]) => `${pg.escapeLiteral(name)}, ${quoted(name, 'now')}::text`);
        return `left join (
          select ${fields.map(([name]) => quoted(name, 'now')).join(', ')},
            jsonb_strip_nulls(jsonb_build_object(
              'kind', 'changed', 'table', ${pg.escapeLiteral(table)}::text, 'key', jsonb_build_object(${keyPairs.join(', ')}),
              'version', now.version_id, 'earlierVersion', earlier.version_id,
              'file', file.name, 'period', file.period, 'record', now.record_number,
              'late', case when ${late} then true end
            )) as cause
          from warehouse.${quoted(table)} as now
          left join source.file on file.id = now.file_id
          left join lateral (
            select version_id from warehouse.${quoted(table)} as earlier
            where ${same('earlier')} and earlier.version_id <> now.version_id and earlier.created_date <= ${since}
            order by deleted_date desc
            limit 1
          ) as earlier on true
          where not now.deleted and now.created_date > ${since}
        ) as label_${place} on difference.place = ${place}
          and ${fields.map(([name, column]) => `${quoted(name, `label_${place}`)} = ${quoted(column, 'difference')}`).join(' and ')}`;
      })
      .join('\n'),
    cause: `case difference.place ${shown
      .map(
        ({
          place,
          column,
        }) => `when ${place} then case when label_${place}.cause is not null then jsonb_build_array(
          label_${place}.cause || jsonb_build_object('name', difference.new_value, 'fields', jsonb_build_array(jsonb_build_object(
            'field', ${pg.escapeLiteral(column)}::text, 'old', difference.old_value, 'new', difference.new_value
          )))
        ) end`,
      )
      .join(' ')} end`,
  };
}
