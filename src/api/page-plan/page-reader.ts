import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type pg from 'pg';
import { render } from '../../database/sql.js';
import { spanned } from '../../telemetry.js';
import { earlierPublication, type PublicationMark } from '../access/as-of.js';
import type { CallerRights } from '../access/caller-policy.js';
import type { ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { DATABASE, ReadSession } from '../sql/read-session.js';
import { weakMemo } from '../weak-memo.js';
import { writePage } from './page-json.js';
import { type CompiledPage, compilePage, type PageArguments } from './page-plan.js';
import { type PageStatement, pageStatement } from './page-statement.js';
import { QueryBatcher } from './query-batcher.js';

/** An operation that one statement answers. */
export interface PageAnswer {
  readonly page: CompiledPage;
  /** The value of `data` as JSON, and the publication it comes from. `onTime` receives the statement time. */
  run(onTime: (milliseconds: number) => void): Promise<{ data: string; mark?: PublicationMark }>;
}

/** Answers each page of a report with one statement. */
export class PageAnswers {
  readonly #reads: QueryBatcher;
  readonly #marks = new Map<number, PublicationMark>();

  /** The page that an operation asks for, compiled once per operation; undefined if it asks for more than a page. */
  readonly pageOf: (operation: OperationDefinitionNode, document: DocumentNode) => CompiledPage | undefined;

  constructor(
    schema: GraphQLSchema,
    reports: readonly ReportDescription[],
    readonly readerPool: pg.Pool,
  ) {
    const reportsByField = new Map(reports.map((report) => [camelCase(report.name), report]));
    this.pageOf = weakMemo((operation, document) => compilePage(schema, reportsByField, document, operation));
    this.#reads = new QueryBatcher(readerPool);
  }

  /** @returns undefined if a statement cannot answer it or the arguments are invalid: the resolvers report that */
  answerOf(page: CompiledPage, rights: CallerRights, args: PageArguments): PageAnswer | undefined {
    try {
      const planned = pageStatement(page, rights, args);
      return planned && { page, run: (onTime) => this.#run(page, planned, onTime) };
    } catch {
      return undefined;
    }
  }

  async #run(
    page: CompiledPage,
    { statement, query }: PageStatement,
    onTime: (milliseconds: number) => void,
  ) {
    const { text, values } = render(statement);
    const title = `${page.report.name} whole page`;
    const row = await spanned(title, 'CLIENT', DATABASE, () =>
      this.#reads.row(`/* api: ${title} */ ${text}`, values, onTime),
    );
    const { data, publication } = writePage(page, query, row);
    return { data, mark: this.#marks.get(publication) ?? (await this.#markOf(publication)) };
  }

  async #markOf(number: number): Promise<PublicationMark | undefined> {
    if (number === 0) return undefined;
    const session = new ReadSession(this.readerPool);
    try {
      const mark = await earlierPublication(session, number);
      this.#marks.set(number, mark);
      return mark;
    } finally {
      await session.close();
    }
  }
}
