import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { CallerRights } from './caller-policy.js';
import { camelCase } from './contract-names.js';
import { accessReport, type ReportAccess, visibleColumn } from './report-access.js';
import { cursorOf, orderMark } from './report-cursor.js';
import { orderList } from './report-order.js';
import { type ReportArguments, type ReportQuery, reportQuery } from './report-page.js';
import type { ReportColumn, ReportDescription } from './report-source.js';
import { allOf, ident, joined, raw, render, type SqlText, sql } from './sql-text.js';

/** A field of an answer: under which name, and which one. */
interface Entry {
  readonly key: string;
  readonly name: string;
  readonly below: readonly Entry[];
}

/** An operation that asks for one page of one report and nothing besides, as most do. */
export interface CompiledPage {
  readonly report: ReportDescription;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly entries: readonly Entry[];
  /** The shapes rows are wanted in. */
  readonly rowShapes: readonly (readonly Entry[])[];
  readonly wantsCursors: boolean;
  readonly wantsCount: boolean;
  readonly wantsPrevious: boolean;
}

const CONNECTION_FIELDS = new Set(['nodes', 'edges', 'pageInfo', 'totalCount']);
/** Postgres cuts longer names short. */
const MAX_NAME_BYTES = 63;

/**
 * Recognizes an operation whose whole answer one statement can give as JSON: then no value of any row passes through
 * the resolvers one by one, which costs several times the statement. Everything else is left to them.
 */
export function compilePage(
  schema: GraphQLSchema,
  reports: ReadonlyMap<string, ReportDescription>,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CompiledPage | undefined {
  if (operation.operation !== 'query') return undefined;
  const read = (set: SelectionSetNode | undefined): FieldNode[] | undefined => {
    const found: FieldNode[] = [];
    for (const selection of set?.selections ?? []) {
      if (selection.directives?.length) return undefined;
      if (selection.kind === 'Field') found.push(selection);
      else {
        const spread = selection.kind === 'FragmentSpread' && selection.name.value;
        const inner = spread
          ? document.definitions.find(
              (each) => each.kind === 'FragmentDefinition' && each.name.value === spread,
            )
          : selection;
        const below = read((inner as { selectionSet?: SelectionSetNode } | undefined)?.selectionSet);
        if (!below) return undefined;
        found.push(...below);
      }
    }
    return found;
  };
  const entriesOf = (set: SelectionSetNode | undefined): Entry[] | undefined => {
    const entries: Entry[] = [];
    for (const node of read(set) ?? [undefined]) {
      if (!node || node.name.value.startsWith('__') || (node.arguments?.length ?? 0) > 0) return undefined;
      const key = (node.alias ?? node.name).value;
      const below = node.selectionSet ? entriesOf(node.selectionSet) : [];
      if (!below || entries.some((each) => each.key === key) || Buffer.byteLength(key) > MAX_NAME_BYTES)
        return undefined;
      entries.push({ key, name: node.name.value, below });
    }
    return entries;
  };
  const [node, another] = read(operation.selectionSet) ?? [];
  const report = node && reports.get(node.name.value);
  if (!report || another) return undefined;
  const entries = entriesOf(node.selectionSet);
  if (!entries?.every(({ name }) => CONNECTION_FIELDS.has(name))) return undefined;
  const columns = new Set(report.columns.map(({ name }) => camelCase(name)));
  const rowShapes = entries.flatMap(({ name, below }) => {
    if (name === 'nodes') return [below];
    return name === 'edges' ? below.filter((each) => each.name === 'node').map((each) => each.below) : [];
  });
  if (!rowShapes.every((shape) => shape.every(({ name }) => columns.has(name)))) return undefined;
  const selected = (parent: string, names: readonly string[]) =>
    entries.some(({ name, below }) => name === parent && below.some((each) => names.includes(each.name)));
  return {
    report,
    field: schema.getQueryType()!.getFields()[node.name.value]!,
    node,
    entries,
    rowShapes,
    wantsCursors: selected('edges', ['cursor']) || selected('pageInfo', ['startCursor', 'endCursor']),
    wantsCount: entries.some(({ name }) => name === 'totalCount'),
    wantsPrevious: selected('pageInfo', ['hasPreviousPage']),
  };
}

/** A statement ready to run, and how to write the answer from its rows. */
export interface PageStatement {
  readonly statement: SqlText;
  /** The value of `data` as JSON, and the publication it stems from; 0 before the first. */
  answer(rows: readonly (readonly unknown[])[]): { data: string; publication: number };
}

/**
 * The statement for one caller and one set of variables.
 * @returns undefined where the arguments ask for something beyond a page forward.
 * @throws what the arguments' checks throw.
 */
export function pageStatement(
  page: CompiledPage,
  rights: CallerRights,
  variables: Readonly<Record<string, unknown>>,
): PageStatement | undefined {
  const args = getArgumentValues(
    page.field,
    page.node,
    variables as { [name: string]: unknown },
  ) as ReportArguments & {
    asOf?: number | null;
  };
  if (typeof args.last === 'number' || typeof args.asOf === 'number') return undefined;
  const access = accessReport(page.report, rights);
  const query = reportQuery(access, args);
  return {
    statement: statementOf(page, access, query),
    answer: (rows) => writeAnswer(page, query, rows),
  };
}

/** Between rows: JSON writes a newline within a value in another way. */
const SEPARATOR = ',\n';

/**
 * One row for the whole page: each row of a page as a row of its own would cost as much again on its way here.
 * A plain aggregate takes the rows in the order of the query below it.
 */
function statementOf(page: CompiledPage, access: ReportAccess, query: ReportQuery): SqlText {
  const { where, steps, size, after, before } = query;
  const shapes = shapesJson(page, access).map((shape, index) => [`row_${index}`, shape] as const);
  const places = joined(
    steps.map(({ column }) => plainValue(column)),
    ', ',
  );
  const texts = page.wantsCursors
    ? [...shapes, ['place', sql`json_build_array(${places})::text`] as const]
    : shapes;
  const head = [
    sql`(select coalesce(max(number), 0)::int4 from reporting.publication)`,
    page.wantsCount ? sql`(select count(*)::int4 from ${access.relation} where ${where})` : sql`null::int4`,
    page.wantsPrevious && after
      ? sql`exists (select from ${access.relation} where ${where} and (${after}) is not true)`
      : sql`false`,
    sql`count(*)::int4`,
    ...texts.map(([name]) => sql`string_agg(${ident(name)}, E',\\n')`),
  ];
  const list = texts.map(([name, text]) => sql`${text} as ${ident(name)}`);
  const bounds = [after, before].filter((each) => each !== undefined);
  // The limit is part of the text: as a parameter Postgres would take it for a tenth of the table.
  return sql`select ${joined(head, ', ')} from (
      select ${list.length > 0 ? joined(list, ', ') : sql`true as present`} from ${access.relation}
      where ${allOf([where, ...bounds])} order by ${orderList(steps)} limit ${raw(String(size + 1))}
    ) as page`;
}

const writtenShapes = new WeakMap<CompiledPage, WeakMap<ReportAccess['columns'], readonly SqlText[]>>();

/** The rows' shapes, which are the same for all who may see the same columns. */
function shapesJson(page: CompiledPage, access: ReportAccess): readonly SqlText[] {
  let byColumns = writtenShapes.get(page);
  if (!byColumns) {
    byColumns = new WeakMap();
    writtenShapes.set(page, byColumns);
  }
  let shapes = byColumns.get(access.columns);
  if (!shapes) {
    // As plain text, since there are no values in it.
    shapes = page.rowShapes.map((shape) => raw(render(shapeJson(access, shape)).text));
    byColumns.set(access.columns, shapes);
  }
  return shapes;
}

/**
 * A row as a JSON object. Written by hand, since the JSON functions look up the types of a row's values for every row;
 * `concat` takes half the time of a chain of `||`.
 */
function shapeJson(access: ReportAccess, shape: readonly Entry[]): SqlText {
  const parts = shape.map(({ key, name }, index) => {
    const column = visibleColumn(access, name);
    return sql`${raw(`'${index === 0 ? '{' : ','}${JSON.stringify(key)}:'`)}, ${jsonValue(column)}`;
  });
  return sql`concat(${joined(parts, ', ')}, '}')`;
}

function jsonValue(column: ReportColumn): SqlText {
  const name = ident(column.name);
  const text = {
    int: column.nullable ? sql`${name}::text` : name,
    boolean: sql`${name}::text`,
    text: sql`to_json(${name})::text`,
    json: sql`${name}::text`,
    timestamp: sql`to_json(${name})::text`,
    bigint: sql`('"' || ${name}::text || '"')`,
    numeric: sql`('"' || ${name}::text || '"')`,
    date: sql`('"' || ${name}::text || '"')`,
  }[column.type];
  return column.nullable ? sql`coalesce(${text}, 'null')` : text;
}

/** A value as the resolvers see it, for the cursor. */
function plainValue(column: ReportColumn): SqlText {
  const name = ident(column.name);
  return column.type === 'int' || column.type === 'boolean' ? name : sql`${name}::text`;
}

function writeAnswer(
  page: CompiledPage,
  query: ReportQuery,
  fetched: readonly (readonly unknown[])[],
): { data: string; publication: number } {
  const [publication, total, previous, count, ...texts] = fetched[0]! as [
    number,
    number | null,
    boolean,
    number,
    ...(string | null)[],
  ];
  const more = count > query.size;
  const rowCount = Math.min(count, query.size);
  /** The rows of a shape, joined; the one beyond the page is cut off. */
  const rowsOf = (shape: number): string => {
    const text = texts[shape] ?? '';
    if (rowCount === 0) return '';
    return more ? text.slice(0, text.lastIndexOf(SEPARATOR)) : text;
  };
  const splitRows = (shape: number) => (rowCount === 0 ? [] : rowsOf(shape).split(SEPARATOR));
  const mark = page.wantsCursors ? orderMark(query.access.report.name, query.steps) : '';
  const places = page.wantsCursors ? splitRows(page.rowShapes.length) : [];
  const cursor = (place: string | undefined) =>
    place === undefined ? 'null' : JSON.stringify(cursorOf(mark, JSON.parse(place)));
  let shape = 0;

  const pageInfo = (name: string): string => {
    switch (name) {
      case 'hasNextPage':
        return String(more);
      case 'hasPreviousPage':
        return String(rowCount > 0 && previous);
      case 'startCursor':
        return cursor(places[0]);
      default:
        return cursor(places.at(-1));
    }
  };
  const edges = (below: readonly Entry[]): string => {
    const parts = below.map(({ name }) => {
      if (name === 'cursor') return places.map(cursor);
      shape += 1;
      return splitRows(shape - 1);
    });
    const rows = Array.from({ length: rowCount }, (_, row) => {
      const fields = below.map(({ key }, part) => `${JSON.stringify(key)}:${parts[part]![row]}`);
      return `{${fields.join(',')}}`;
    });
    return rows.join(',');
  };
  const connection = page.entries.map(({ key, name, below }) => {
    const label = JSON.stringify(key);
    switch (name) {
      case 'totalCount':
        return `${label}:${total}`;
      case 'pageInfo':
        return `${label}:{${below.map((each) => `${JSON.stringify(each.key)}:${pageInfo(each.name)}`).join(',')}}`;
      case 'nodes':
        shape += 1;
        return `${label}:[${rowsOf(shape - 1)}]`;
      default:
        return `${label}:[${edges(below)}]`;
    }
  });
  const key = (page.node.alias ?? page.node.name).value;
  return { data: `{${JSON.stringify(key)}:{${connection.join(',')}}}`, publication };
}
