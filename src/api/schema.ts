import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertValidSchema,
  buildSchema,
  type GraphQLFieldResolver,
  GraphQLScalarType,
  type GraphQLSchema,
} from 'graphql';
import { Fault } from '../fault.js';
import { packageRoot } from '../package-root.js';
import { camelCase } from './contract-names.js';
import { accessReport } from './report-access.js';
import { ReportConnection } from './report-connection.js';
import { checkContract } from './report-contract.js';
import { type ReportArguments, reportQuery } from './report-page.js';
import type { ReportDescription } from './report-source.js';
import type { RequestContext } from './request-context.js';
import { scalars } from './scalars.js';

/** The public contract's file. */
export const contractFile = join(packageRoot, 'schema.graphql');

/**
 * The schema that serves the reports: the contract's types with what answers them.
 * @throws Fault `contract_differs` when the contract does not fit the reports.
 */
export async function reportSchema(reports: readonly ReportDescription[]): Promise<GraphQLSchema> {
  const schema = buildSchema(await readFile(contractFile, 'utf8'));
  for (const scalar of scalars) {
    const declared = schema.getType(scalar.name);
    if (!(declared instanceof GraphQLScalarType)) continue;
    declared.serialize = scalar.serialize;
    declared.parseValue = scalar.parseValue;
    declared.parseLiteral = scalar.parseLiteral;
  }
  checkContract(schema, reports);
  const queries = schema.getQueryType()!.getFields();
  for (const report of reports) queries[camelCase(report.name)]!.resolve = reportResolver(report);
  const unanswered = Object.values(queries).filter(({ resolve }) => !resolve);
  if (unanswered.length > 0) {
    throw new Fault(
      'contract_differs',
      `Nothing answers ${unanswered.map(({ name }) => `Query.${name}`).join(', ')}.`,
    );
  }
  assertValidSchema(schema);
  return schema;
}

function reportResolver(
  report: ReportDescription,
): GraphQLFieldResolver<unknown, RequestContext, ReportArguments> {
  return (_root, args, { session, caller }, info) =>
    new ReportConnection(session, reportQuery(accessReport(report, caller), args), info);
}
