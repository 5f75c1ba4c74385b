import type { GraphQLResolveInfo } from 'graphql';
import type { ReadSession } from './read-session.js';
import { afterCondition, encodeCursor, type ReportRow } from './report-cursor.js';
import { reversed } from './report-order.js';
import { anyRow, countRows, type ReportPage, type ReportQuery, readPage } from './report-page.js';
import { selectedFields } from './selected-fields.js';

interface ReportEdge {
  readonly node: ReportRow;
  cursor(): string;
}

/**
 * A connection of the contract over one report. Its fields are computed when they are selected, so that a count
 * nobody asked for costs no statement; all of them share one page.
 */
export class ReportConnection {
  readonly #session: ReadSession;
  readonly #query: ReportQuery;
  readonly #fields: ReadonlySet<string>;
  #page: Promise<ReportPage> | undefined;

  constructor(session: ReadSession, query: ReportQuery, info: GraphQLResolveInfo) {
    this.#session = session;
    this.#query = query;
    this.#fields = new Set([...selectedFields(info, ['nodes']), ...selectedFields(info, ['edges', 'node'])]);
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

  /** Whether there are rows on the side the page was not read towards; none without a cursor that cut them off. */
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
