import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type pg from 'pg';
import { earlierPublication, type PublicationMark } from './as-of.js';
import type { CallerRights } from './caller-policy.js';
import { type CompiledPage, compilePage, type PageStatement, pageStatement } from './compiled-page.js';
import { camelCase } from './contract-names.js';
import { NamedStatements } from './named-statements.js';
import { ReadSession, runPrepared } from './read-session.js';
import type { ReportDescription } from './report-source.js';
import { render } from './sql-text.js';

/** An operation that one statement answers whole. */
export interface PageAnswer {
  readonly page: CompiledPage;
  /** The value of `data` as JSON, and the publication it stems from. */
  run(): Promise<{ data: string; mark?: PublicationMark }>;
}

/** Answers pages of reports by one statement each, which is worked out once for each operation of a document. */
export function pageAnswers(
  schema: GraphQLSchema,
  reports: readonly ReportDescription[],
  readerPool: pg.Pool,
) {
  const reportsByField = new Map(reports.map((report) => [camelCase(report.name), report]));
  const compiled = new WeakMap<OperationDefinitionNode, { page: CompiledPage | undefined }>();
  const statements = new NamedStatements();
  const marks = new Map<number, PublicationMark>();

  function pageOf(document: DocumentNode, operation: OperationDefinitionNode): CompiledPage | undefined {
    let known = compiled.get(operation);
    if (!known) {
      known = { page: compilePage(schema, reportsByField, document, operation) };
      compiled.set(operation, known);
    }
    return known.page;
  }

  async function markOf(number: number): Promise<PublicationMark | undefined> {
    if (number === 0) return undefined;
    const known = marks.get(number);
    if (known) return known;
    const session = new ReadSession(readerPool);
    try {
      const mark = await earlierPublication(session, number);
      marks.set(number, mark);
      return mark;
    } finally {
      await session.close();
    }
  }

  async function run(page: CompiledPage, planned: PageStatement) {
    const { text, values } = render(planned.statement);
    const named = `/* api: ${page.report.name} whole page */ ${text}`;
    const rows = await runPrepared(readerPool, {
      name: statements.nameOf(named),
      text: named,
      values,
      rowMode: 'array',
    });
    const { data, publication } = planned.answer(rows);
    return { data, mark: await markOf(publication) };
  }

  /** @returns undefined for an operation that is more than a page, or with arguments that are wrong: the resolvers then say so. */
  return (
    document: DocumentNode,
    operation: OperationDefinitionNode,
    rights: CallerRights,
    variables: Readonly<Record<string, unknown>>,
  ): PageAnswer | undefined => {
    const page = pageOf(document, operation);
    if (!page) return undefined;
    try {
      const planned = pageStatement(page, rights, variables);
      return planned && { page, run: () => run(page, planned) };
    } catch {
      return undefined;
    }
  };
}
