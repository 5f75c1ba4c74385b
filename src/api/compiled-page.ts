import {
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { CallerRights } from './caller-policy.js';
import { camelCase } from './contract-names.js';
import type { PreparedDocument } from './graphql-document.js';
import { accessReport, type ReportAccess, visibleColumn } from './report-access.js';
import { cursorOf, orderMark } from './report-cursor.js';
import { orderList } from './report-order.js';
import { type ReportArguments, type ReportQuery, reportQuery } from './report-page.js';
import type { ReportColumn, ReportDescription } from './report-source.js';
import { allOf, ident, joined, raw, type SqlText, sql } from './sql-text.js';

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
  { document }: PreparedDocument,
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

function statementOf(page: CompiledPage, access: ReportAccess, query: ReportQuery): SqlText {
  const { where, steps, size, after, before } = query;
  const head = [
    sql`(select coalesce(max(number), 0)::int4 from reporting.publication) as publication`,
    page.wantsCount
      ? sql`(select count(*)::int4 from ${access.relation} where ${where}) as total`
      : sql`null::int4 as total`,
    page.wantsPrevious && after
      ? sql`exists (select from ${access.relation} where ${where} and (${after}) is not true) as previous`
      : sql`false as previous`,
  ];
  const shapes = page.rowShapes.map(
    (shape, index) => sql`${shapeJson(access, shape)} as ${ident(`row_${index}`)}`,
  );
  const cursor = page.wantsCursors
    ? [
        sql`json_build_array(${joined(
          steps.map(({ column }) => plainValue(column)),
          ', ',
        )})::text as place`,
      ]
    : [];
  const columns = [...shapes, ...cursor];
  const bounds = [after, before].filter((each) => each !== undefined);
  const list = columns.length > 0 ? joined(columns, ', ') : sql`null as row_0`;
  return sql`select head.*, page.* from (select ${joined(head, ', ')}) as head
    left join lateral (
      select true as present, ${list} from ${access.relation}
      where ${allOf([where, ...bounds])} order by ${orderList(steps)} limit ${size + 1}::int4
    ) as page on true`;
}

/** A row as a JSON object. Written by hand: the JSON functions look up the types of a row's values for every row. */
function shapeJson(access: ReportAccess, shape: readonly Entry[]): SqlText {
  const parts = shape.map(({ key, name }, index) => {
    const column = visibleColumn(access, name);
    return sql`${raw(`'${index === 0 ? '{' : ','}${JSON.stringify(key)}:'`)} || ${jsonValue(column)}`;
  });
  return sql`(${joined(parts, ' || ')} || '}')`;
}

function jsonValue(column: ReportColumn): SqlText {
  const name = ident(column.name);
  const text = {
    int: sql`${name}::text`,
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
  const [publication, total, previous, present] = fetched[0]! as [number, number, boolean, boolean | null];
  const rows = present ? fetched.slice(0, query.size) : [];
  const more = present === true && fetched.length > query.size;
  const shapeStart = 4;
  const placeAt = shapeStart + page.rowShapes.length;
  const mark = page.wantsCursors ? orderMark(query.access.report.name, query.steps) : '';
  const cursor = (row: readonly unknown[] | undefined) =>
    row ? JSON.stringify(cursorOf(mark, JSON.parse(row[placeAt] as string))) : 'null';
  let shape = 0;

  const pageInfo = (name: string): string => {
    switch (name) {
      case 'hasNextPage':
        return String(more);
      case 'hasPreviousPage':
        return String(rows.length > 0 && previous);
      case 'startCursor':
        return cursor(rows[0]);
      default:
        return cursor(rows.at(-1));
    }
  };
  const connection = page.entries.map(({ key, name, below }) => {
    const at = shapeStart + shape;
    if (name === 'totalCount') return `${JSON.stringify(key)}:${total}`;
    if (name === 'pageInfo') {
      const fields = below.map((each) => `${JSON.stringify(each.key)}:${pageInfo(each.name)}`);
      return `${JSON.stringify(key)}:{${fields.join(',')}}`;
    }
    if (name === 'nodes') {
      shape += 1;
      return `${JSON.stringify(key)}:[${rows.map((row) => row[at]).join(',')}]`;
    }
    const nodeAt = new Map(
      below.filter((each) => each.name === 'node').map((each, index) => [each, at + index] as const),
    );
    shape += nodeAt.size;
    const edges = rows.map((row) => {
      const fields = below.map(
        (each) =>
          `${JSON.stringify(each.key)}:${each.name === 'node' ? row[nodeAt.get(each)!] : cursor(row)}`,
      );
      return `{${fields.join(',')}}`;
    });
    return `${JSON.stringify(key)}:[${edges.join(',')}]`;
  });
  const key = (page.node.alias ?? page.node.name).value;
  return { data: `{${JSON.stringify(key)}:{${connection.join(',')}}}`, publication };
}
