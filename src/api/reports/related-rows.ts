import type { GraphQLResolveInfo } from 'graphql';
import { allOf, ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import type { CallerRights } from '../access/caller-policy.js';
import { accessReport, type ReportAccess, visibleColumn } from '../access/visible-report.js';
import type { Walk } from '../contract/related-reports.js';
import type { ReportColumn } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { badInput, limitError } from '../errors/api-error.js';
import type { ReadSession } from '../sql/read-session.js';
import type { ReportRow } from './cursor.js';
import { type FilterInput, filterCondition } from './filter.js';
import { type OrderInput, type OrderStep, orderList, orderSteps } from './order.js';
import { rowFields } from './selected-fields.js';

interface WalkArguments {
  readonly filter?: FilterInput | null;
  readonly orderBy?: readonly OrderInput[] | null;
  readonly first: number;
}

/** What a read of related rows depends on: what the caller may see, and as of which earlier publication. */
export interface RowView {
  readonly rights: CallerRights;
  readonly asOf?: number;
}

/** The most rows walked to from one row. */
const MAX_WALK_ROWS = 100;

/** The fields of a row that a walk from it needs. */
export function relatedRowKeys({ on, yearOf }: Walk): string[] {
  return [...on.map(camelCase), ...(yearOf ? ['year'] : [])];
}

interface Batch {
  readonly parents: Map<string, { values: unknown[]; resolve: ((rows: ReportRow[]) => void)[] }>;
  readonly failed: ((error: unknown) => void)[];
}

/**
 * Reads the rows walked to from all rows of a list with one statement: however long the page, a walk costs one
 * statement for each place it has in the query.
 */
export class RelatedRowBatches {
  readonly #batches = new Map<string, Batch>();

  constructor(readonly session: ReadSession) {}

  load(
    walk: Walk,
    parent: ReportRow,
    args: WalkArguments,
    view: RowView,
    info: GraphQLResolveInfo,
  ): Promise<ReportRow[]> {
    const place = placeOf(info);
    let batch = this.#batches.get(place);
    if (!batch) {
      const plan = planWalk(walk, args, view, info);
      batch = { parents: new Map(), failed: [] };
      this.#batches.set(place, batch);
      // After all promises that are ready have told their resolvers: until then more rows may ask.
      setImmediate(() => {
        this.#batches.delete(place);
        void this.#read(batch!, plan);
      });
    }
    const values = relatedRowKeys(walk).map((field) => parent[field]);
    const key = JSON.stringify(values);
    return new Promise((resolve, reject) => {
      const known = batch.parents.get(key);
      if (known) known.resolve.push(resolve);
      else batch.parents.set(key, { values, resolve: [resolve] });
      batch.failed.push(reject);
    });
  }

  async #read(batch: Batch, plan: WalkPlan): Promise<void> {
    try {
      const parents = [...batch.parents.values()];
      const found = parents.map((): ReportRow[] => []);
      for (const { walk_place: place, ...row } of await this.session.rows<Record<string, unknown>>(
        `walk to ${plan.access.report.name}`,
        walkStatement(
          plan,
          parents.map(({ values }) => values),
        ),
      )) {
        found[Number(place) - 1]!.push(row);
      }
      for (const [index, { resolve }] of parents.entries()) for (const each of resolve) each(found[index]!);
    } catch (error) {
      for (const reject of batch.failed) reject(error);
    }
  }
}

interface WalkPlan {
  readonly walk: Walk;
  readonly access: ReportAccess;
  readonly columns: readonly (readonly [string, ReportColumn])[];
  readonly where: SqlText;
  readonly steps: readonly OrderStep[];
  readonly first: number;
}

function planWalk(
  walk: Walk,
  { filter, orderBy, first }: WalkArguments,
  { rights, asOf }: RowView,
  info: GraphQLResolveInfo,
): WalkPlan {
  if (first < 0) throw badInput(`first is ${first}: expected 0 to ${MAX_WALK_ROWS}.`);
  if (first > MAX_WALK_ROWS) throw limitError('page size', MAX_WALK_ROWS, first);
  const access = accessReport(walk.target, rights, asOf);
  for (const name of [...walk.on, ...(walk.yearOf ? [walk.yearOf] : [])])
    visibleColumn(access, camelCase(name));
  return {
    walk,
    access,
    columns: [...rowFields(access, info, [[]])].map((field) => [field, visibleColumn(access, field)]),
    where: filterCondition(access, filter),
    steps: orderSteps(access, orderBy),
    first,
  };
}

function walkStatement(
  { walk, access, columns, where, steps, first }: WalkPlan,
  parents: unknown[][],
): SqlText {
  const sources = relatedRowKeys(walk).map((_, index) => ident(`walk_${index + 1}`));
  const arrays = sources.map((_, index) => {
    const column = walk.on[index] && visibleColumn(access, camelCase(walk.on[index]));
    const type = !column || column.type === 'int' ? 'int4' : column.type === 'bigint' ? 'int8' : 'text';
    return sql`${parents.map((values) => values[index])}::${raw(type)}[]`;
  });
  const same = sources.map((source, index) =>
    walk.on[index] === undefined
      ? sql`extract(year from ${ident(walk.yearOf!)})::int4 = ${source}`
      : sql`${ident(walk.on[index]!)} = ${source}`,
  );
  const list = [
    sql`row_number() over (order by ${orderList(steps)}) as walk_rank`,
    ...columns.map(([field, column]) => sql`${ident(column.name)} as ${ident(field)}`),
  ];
  const outer = [sql`parent.walk_place`, ...columns.map(([field]) => sql`found.${ident(field)}`)];
  return sql`select ${joined(outer, ', ')}
    from unnest(${joined(arrays, ', ')}) with ordinality as parent (${joined([...sources, sql`walk_place`], ', ')})
    cross join lateral (
      select ${joined(list, ', ')} from ${access.relation} where ${allOf([...same, where])} order by walk_rank limit ${first}::int4
    ) as found
    order by parent.walk_place, found.walk_rank`;
}

/** Where in the query a field is, whichever row of a list it is on. */
function placeOf(info: GraphQLResolveInfo): string {
  const names: string[] = [];
  for (let at: typeof info.path | undefined = info.path; at; at = at.prev)
    if (typeof at.key === 'string') names.push(at.key);
  return names.join('.');
}
