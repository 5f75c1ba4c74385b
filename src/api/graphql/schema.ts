import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertValidSchema,
  buildSchema,
  type GraphQLFieldResolver,
  GraphQLScalarType,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import { Fault } from '../../fault.js';
import { packageRoot } from '../../package-root.js';
import { accessChanges, accessPublications } from '../access/visible-catalog.js';
import { accessReport } from '../access/visible-report.js';
import { type ContractLinks, contractLinks, type Grouping } from '../contract/related-reports.js';
import type { ReportDescription } from '../contract/report-description.js';
import { scalars } from '../contract/scalars.js';
import { checkContract } from '../contract/schema-check.js';
import { camelCase } from '../contract/schema-names.js';
import type { RequestContext } from '../operation/request-context.js';
import { ReportConnection } from '../reports/connection.js';
import type { ReportRow } from '../reports/cursor.js';
import type { FilterInput } from '../reports/filter.js';
import { groupedAccess } from '../reports/measures.js';
import { type ReportArguments, reportQuery } from '../reports/page.js';
import { relatedRowKeys } from '../reports/related-rows.js';
import { answerDataDictionary, answerPublication, answerReports } from './catalog-resolvers.js';

/** Path of the public contract. */
export const contractFile = join(packageRoot, 'schema.graphql');

// biome-ignore lint/suspicious/noExplicitAny: each field has different arguments, which the contract checks.
export type Resolver = GraphQLFieldResolver<any, RequestContext, any>;

/** Resolvers of root fields, by type and field. */
export interface RootResolvers {
  readonly Query?: Readonly<Record<string, Resolver>>;
  readonly Mutation?: Readonly<Record<string, Resolver>>;
}

/** The executable schema with the content of the contract's directives. */
export interface ServedContract {
  readonly schema: GraphQLSchema;
  readonly links: ContractLinks;
}

/**
 * Builds the executable schema: the types of the contract with their resolvers.
 * @param others Resolvers of the root fields that are not about reports.
 * @throws Fault `contract_differs` when the contract does not match the reports.
 */
export async function reportSchema(
  reports: readonly ReportDescription[],
  others: RootResolvers,
): Promise<ServedContract> {
  const schema = buildSchema(await readFile(contractFile, 'utf8'));
  for (const scalar of scalars) {
    const declared = schema.getType(scalar.name);
    if (!(declared instanceof GraphQLScalarType)) continue;
    declared.serialize = scalar.serialize;
    declared.parseValue = scalar.parseValue;
    declared.parseLiteral = scalar.parseLiteral;
  }
  checkContract(schema, reports);
  const links = contractLinks(schema, reports);
  resolveRelatedRows(schema, links);
  const queries: Record<string, Resolver> = { ...catalogResolvers(reports), ...others.Query };
  for (const report of reports) queries[camelCase(report.name)] = reportResolver(report, links);
  for (const grouping of links.groupings)
    queries[`${camelCase(grouping.report.name)}Groups`] = groupsResolver(grouping);
  resolveRoot(schema.getQueryType(), queries);
  resolveRoot(schema.getMutationType(), others.Mutation ?? {});
  assertValidSchema(schema);
  return { schema, links };
}

function resolveRoot(
  type: ReturnType<GraphQLSchema['getQueryType']>,
  resolvers: Readonly<Record<string, Resolver>>,
): void {
  const fields = Object.values(type?.getFields() ?? {});
  for (const field of fields) field.resolve = resolvers[field.name];
  const unresolved = fields.filter(({ resolve }) => !resolve);
  if (unresolved.length === 0) return;
  throw new Fault(
    'contract_differs',
    `Fields of schema.graphql without a resolver: ${unresolved.map(({ name }) => `${type}.${name}`).join(', ')}.`,
  );
}

function resolveRelatedRows(schema: GraphQLSchema, { relatedRows }: ContractLinks): void {
  for (const [path, related] of relatedRows) {
    const [typeName, fieldName] = path.split('.') as [string, string];
    const type = schema.getType(typeName);
    if (!isObjectType(type)) continue;
    const field = type.getFields()[fieldName]!;
    const resolve: Resolver = (parent: ReportRow, args, context, info) =>
      context.relatedRows.load(related, parent, args, context, info);
    field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
    field.extensions = { ...field.extensions, relatedRowKeys: relatedRowKeys(related) };
  }
}

function reportResolver(report: ReportDescription, { totals }: ContractLinks): Resolver {
  return (_root, args: ReportArguments, { session, rights, asOf }, info) =>
    new ReportConnection(
      session,
      reportQuery(accessReport(report, rights, asOf), args),
      info,
      totals.get(report.name),
    );
}

interface GroupsArguments extends Omit<ReportArguments, 'filter'> {
  readonly by: readonly string[];
  readonly filter?: FilterInput | null;
  readonly having?: FilterInput | null;
}

function groupsResolver(grouping: Grouping): Resolver {
  return (_root, { by, filter, having, ...page }: GroupsArguments, { session, rights, asOf }, info) => {
    const access = groupedAccess(accessReport(grouping.report, rights, asOf), grouping, by, filter);
    return new ReportConnection(session, reportQuery(access, { ...page, filter: having }), info);
  };
}

function catalogResolvers(reports: readonly ReportDescription[]): Record<string, Resolver> {
  return {
    reportChanges: (_root, args: ReportArguments, { session, rights }, info) =>
      new ReportConnection(session, reportQuery(accessChanges(reports, rights), args), info),
    publications: (_root, args: ReportArguments, { session, rights }, info) =>
      new ReportConnection(session, reportQuery(accessPublications(rights), args), info),
    publication: (_root, { number }: { number?: number | null }, context) =>
      answerPublication(number, context),
    reports: (_root, _args, context) => answerReports(reports, context),
    dataDictionary: (_root, args, context) => answerDataDictionary(args, reports, context),
  };
}
