import type { GraphQLResolveInfo } from 'graphql';
import type { Measure } from '../contract/related-reports.js';
import type { ReadSession } from '../sql/read-session.js';
import { afterCondition, encodeCursor, type ReportRow } from './cursor.js';
import { readTotals } from './measures.js';
import { reversed } from './order.js';
import { anyRow, countRows, type ReportPage, type ReportQuery, readPage } from './page.js';
import { rowFields, selectedFields } from './selected-fields.js';

interface ReportEdge {
  readonly node: ReportRow;
  cursor(): string;
}

/** The paths from a connection to its rows. */
const ROW_PATHS = [['nodes'], ['edges', 'node']] as const;

/**
 * The contract's connection for one report. A field is computed only if it is selected, so that a count nobody asked for
 * costs no statement. All fields share one page.
 */
export class ReportConnection {
  readonly #session: ReadSession;
  readonly #query: ReportQuery;
  readonly #fields: ReadonlySet<string>;
  readonly #measures: readonly Measure[];
  #page: Promise<ReportPage> | undefined;

  /** @param measures the numbers that `totals` offers */
  constructor(
    session: ReadSession,
    query: ReportQuery,
    info: GraphQLResolveInfo,
    measures: readonly Measure[] = [],
  ) {
    this.#session = session;
    this.#query = query;
    this.#fields = rowFields(query.access, info, ROW_PATHS);
    const totals = selectedFields(info, ['totals']);
    this.#measures = measures.filter(({ field }) => totals.has(field));
  }

  async nodes(): Promise<readonly ReportRow[]> {
    return (await this.#read()).rows;
  }

  async edges(): Promise<readonly ReportEdge[]> {
    return (await this.#read()).rows.map((node) => ({ node, cursor: () => this.#cursor(node) }));
  }

  totalCount(): Promise<number> {
    return countRows(this.#session, this.#query);
  }

  totals(): Promise<Record<string, unknown>> {
    return readTotals(this.#session, this.#query, this.#measures);
  }

  async pageInfo() {
    const { rows, more } = await this.#read();
    const { backward, steps } = this.#query;
    const [first, last] = [rows[0], rows.at(-1)];
    return {
      hasNextPage: () => (backward ? this.#beyond(last, steps, this.#query.before) : more),
      hasPreviousPage: () => (backward ? more : this.#beyond(first, reversed(steps), this.#query.after)),
      startCursor: first && (() => this.#cursor(first)),
      endCursor: last && (() => this.#cursor(last)),
    };
  }

  /** Whether there are rows on the side that paging comes from. Only a cursor can have cut them off. */
  async #beyond(row: ReportRow | undefined, along: ReportQuery['steps'], cut: unknown): Promise<boolean> {
    if (!cut || !row) return false;
    const values = along.map(({ field }) => (row[field] ?? null) as string | number | boolean | null);
    return anyRow(this.#session, this.#query, afterCondition(along, values));
  }

  #cursor(row: ReportRow): string {
    return encodeCursor(this.#query.access.report.name, this.#query.steps, row);
  }

  #read(): Promise<ReportPage> {
    this.#page ??= readPage(this.#session, this.#query, this.#fields);
    return this.#page;
  }
}
