import type { GraphQLResolveInfo } from 'graphql';
import { allOf, ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import type { CallerRights } from '../access/caller-policy.js';
import { accessReport, type ReportAccess, visibleColumn } from '../access/visible-report.js';
import type { RelatedRows } from '../contract/related-reports.js';
import type { ReportColumn } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { badInput, limitError } from '../errors/api-error.js';
import type { ReadSession } from '../sql/read-session.js';
import type { ReportRow } from './cursor.js';
import { type FilterInput, filterCondition } from './filter.js';
import { type OrderInput, type OrderStep, orderList, orderSteps } from './order.js';
import { rowFields } from './selected-fields.js';

interface RelatedRowArguments {
  readonly filter?: FilterInput | null;
  readonly orderBy?: readonly OrderInput[] | null;
  readonly first: number;
}

/** The rights of the caller, and the earlier publication to read, if any. */
export interface RowView {
  readonly rights: CallerRights;
  readonly asOf?: number;
}

/** Maximum number of related rows per row. */
const MAX_RELATED_ROWS = 100;

/** The fields of a row that identify its related rows. */
export function relatedRowKeys({ on, yearOf }: RelatedRows): string[] {
  return [...on.map(camelCase), ...(yearOf ? ['year'] : [])];
}

interface Batch {
  readonly parents: Map<string, { values: unknown[]; resolve: ((rows: ReportRow[]) => void)[] }>;
  readonly failed: ((error: unknown) => void)[];
}

/**
 * Reads the related rows of all rows of a list with one statement. A field for related rows costs one statement for each
 * time it occurs in the query, regardless of the number of rows on the page.
 */
export class RelatedRowBatches {
  readonly #batches = new Map<string, Batch>();

  constructor(readonly session: ReadSession) {}

  load(
    related: RelatedRows,
    parent: ReportRow,
    args: RelatedRowArguments,
    view: RowView,
    info: GraphQLResolveInfo,
  ): Promise<ReportRow[]> {
    const path = fieldPath(info);
    let batch = this.#batches.get(path);
    if (!batch) {
      const plan = planRelatedRows(related, args, view, info);
      batch = { parents: new Map(), failed: [] };
      this.#batches.set(path, batch);
      // After all pending resolvers have run: until then, more rows can join the batch.
      setImmediate(() => {
        this.#batches.delete(path);
        void this.#read(batch!, plan);
      });
    }
    const values = relatedRowKeys(related).map((field) => parent[field]);
    const key = JSON.stringify(values);
    return new Promise((resolve, reject) => {
      const known = batch.parents.get(key);
      if (known) known.resolve.push(resolve);
      else batch.parents.set(key, { values, resolve: [resolve] });
      batch.failed.push(reject);
    });
  }

  async #read(batch: Batch, plan: RelatedRowPlan): Promise<void> {
    try {
      const parents = [...batch.parents.values()];
      const found = parents.map((): ReportRow[] => []);
      for (const { parent_number: number, ...row } of await this.session.rows<Record<string, unknown>>(
        `${plan.access.report.name} related rows`,
        relatedRowStatement(
          plan,
          parents.map(({ values }) => values),
        ),
      )) {
        found[Number(number) - 1]!.push(row);
      }
      for (const [index, { resolve }] of parents.entries()) for (const each of resolve) each(found[index]!);
    } catch (error) {
      for (const reject of batch.failed) reject(error);
    }
  }
}

interface RelatedRowPlan {
  readonly related: RelatedRows;
  readonly access: ReportAccess;
  readonly columns: readonly (readonly [string, ReportColumn])[];
  readonly where: SqlText;
  readonly steps: readonly OrderStep[];
  readonly first: number;
}

function planRelatedRows(
  related: RelatedRows,
  { filter, orderBy, first }: RelatedRowArguments,
  { rights, asOf }: RowView,
  info: GraphQLResolveInfo,
): RelatedRowPlan {
  if (first < 0) throw badInput(`first is ${first}, expected 0 to ${MAX_RELATED_ROWS}.`);
  if (first > MAX_RELATED_ROWS) throw limitError('page size', MAX_RELATED_ROWS, first);
  const access = accessReport(related.target, rights, asOf);
  for (const name of [...related.on, ...(related.yearOf ? [related.yearOf] : [])])
    visibleColumn(access, camelCase(name));
  return {
    related,
    access,
    columns: [...rowFields(access, info, [[]])].map((field) => [field, visibleColumn(access, field)]),
    where: filterCondition(access, filter),
    steps: orderSteps(access, orderBy),
    first,
  };
}

function relatedRowStatement(
  { related, access, columns, where, steps, first }: RelatedRowPlan,
  parents: unknown[][],
): SqlText {
  const sources = relatedRowKeys(related).map((_, index) => ident(`parent_key_${index + 1}`));
  const arrays = sources.map((_, index) => {
    const column = related.on[index] && visibleColumn(access, camelCase(related.on[index]));
    const type = !column || column.type === 'int' ? 'int4' : column.type === 'bigint' ? 'int8' : 'text';
    return sql`${parents.map((values) => values[index])}::${raw(type)}[]`;
  });
  const same = sources.map((source, index) =>
    related.on[index] === undefined
      ? sql`extract(year from ${ident(related.yearOf!)})::int4 = ${source}`
      : sql`${ident(related.on[index]!)} = ${source}`,
  );
  const list = [
    sql`row_number() over (order by ${orderList(steps)}) as related_rank`,
    ...columns.map(([field, column]) => sql`${ident(column.name)} as ${ident(field)}`),
  ];
  const outer = [sql`parent.parent_number`, ...columns.map(([field]) => sql`found.${ident(field)}`)];
  return sql`select ${joined(outer, ', ')}
    from unnest(${joined(arrays, ', ')}) with ordinality as parent (${joined([...sources, sql`parent_number`], ', ')})
    cross join lateral (
      select ${joined(list, ', ')} from ${access.relation} where ${allOf([...same, where])} order by related_rank limit ${first}::int4
    ) as found
    order by parent.parent_number, found.related_rank`;
}

/** The path of a field in the query, without list indexes: the same for all rows of a list. */
function fieldPath(info: GraphQLResolveInfo): string {
  const names: string[] = [];
  for (let at: typeof info.path | undefined = info.path; at; at = at.prev)
    if (typeof at.key === 'string') names.push(at.key);
  return names.join('.');
}
