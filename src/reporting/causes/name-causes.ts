import { ident, joined, literal, raw, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ContributionSource, ReportDefinition } from '../definition/definition.js';
import { columnList, columnOf, columnPosition, namesAndValues, sameColumns } from '../sql/row-sql.js';
import { isLate, type KnownFiles } from './cause.js';

const changedNameQuery = sqlFile(new URL('sql/changed-name.sql', import.meta.url));

/** The published state that a build is compared with. */
export interface ComparedState {
  /** When it was built. */
  readonly builtDate: string;
  /** The files it reflects. */
  readonly knownFiles: KnownFiles;
}

/** Causes for the cells that show a column of a linked row, such as its name. */
export interface NameCauses {
  /** Joins on `difference`. */
  readonly joins: SqlText;
  /** The positions of these cells, as a list; null if there are no such cells. */
  readonly positions: SqlText | null;
  /** The list of causes of such a cell; null if nothing happened to the row it shows. */
  readonly cause: SqlText;
}

/** A cell that shows a column of a linked row. */
interface ShownCell {
  readonly source: ContributionSource;
  /** The column it shows. */
  readonly column: string;
  readonly position: number;
  /** The relation that is joined for it. */
  readonly relation: string;
}

/**
 * Explains the cells that show a column of a linked row. Such a cell changes with the linked row only, no matter what happened to the
 * entities.
 * @param before the published state; null for a rollback, which has no use for it
 */
export function nameCauses(definition: ReportDefinition, before: ComparedState | null): NameCauses {
  const cells = shownCells(definition);
  if (cells.length === 0) return { joins: sql``, positions: null, cause: sql`null::jsonb` };
  const positions = raw(cells.map(({ position }) => position).join(', '));
  if (before === null) return { joins: sql``, positions, cause: sql`null::jsonb` };
  const causes = cells.map((cell) => sql`when ${raw(String(cell.position))} then ${causeOf(cell)}`);
  return {
    joins: joined(
      cells.map((cell) => joinOf(cell, before)),
      '\n',
    ),
    positions,
    cause: sql`case difference.column_position ${joined(causes, ' ')} end`,
  };
}

function shownCells(definition: ReportDefinition): ShownCell[] {
  return (definition.contributions?.sources ?? []).flatMap((source) =>
    Object.entries(source.shows ?? {}).map(([shows, column]) => {
      const shown = definition.columns.find(({ name }) => name === shows)!;
      const position = columnPosition(definition, shown);
      return { source, column, position, relation: `changed_name_${position}` };
    }),
  );
}

function joinOf(
  { source, position, relation }: ShownCell,
  { builtDate, knownFiles }: ComparedState,
): SqlText {
  const fields = Object.keys(source.key);
  const changed = changedNameQuery({
    since: sql`${builtDate}::timestamptz`,
    table: ident('warehouse', source.table),
    table_name: literal(source.table),
    key_columns: columnList(fields, 'now'),
    key_object: namesAndValues(fields, (field) => sql`${columnOf(field, 'now')}::text`),
    same_row: sameColumns(fields, 'earlier', 'now'),
    is_late: isLate(knownFiles),
  });
  const isShown = Object.entries(source.key).map(
    ([field, column]) => sql`${columnOf(field, relation)} = ${columnOf(column, 'difference')}`,
  );
  return sql`left join (\n${changed}\n) as ${ident(relation)}
    on difference.column_position = ${raw(String(position))} and ${joined(isShown, ' and ')}`;
}

function causeOf({ column, relation }: ShownCell): SqlText {
  const cause = ident(relation, 'cause');
  return sql`case when ${cause} is not null then jsonb_build_array(
    ${cause} || jsonb_build_object('name', difference.new_value, 'fields', jsonb_build_array(jsonb_build_object(
      'field', ${literal(column)}::text, 'old', difference.old_value, 'new', difference.new_value
    )))
  ) end`;
}
