import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { coerceInputValue, type GraphQLInputType, type GraphQLSchema } from 'graphql';
import type pg from 'pg';
import { AccessError } from '../../auth/access-error.js';
import type { Caller } from '../../auth/caller.js';
import { csvRecord } from '../../csv-writer.js';
import { ident, joined, raw, sql } from '../../database/sql.js';
import { currentPublication, earlierPublication, type PublicationMark } from '../access/as-of.js';
import type { CallerPolicies } from '../access/caller-policy.js';
import { accessReport, type ReportAccess } from '../access/visible-report.js';
import type { ReportDescription } from '../contract/report-description.js';
import { pascalCase } from '../contract/schema-names.js';
import { apiError, badInput } from '../errors/api-error.js';
import { throwMethodNotAllowed } from '../http/responses.js';
import type { Exchange, Handler } from '../http/router.js';
import type { Headers } from '../http/security-headers.js';
import { filterCost } from '../limits/filter-size.js';
import type { RequestLimits } from '../limits/limits.js';
import { checkInputDepth } from '../limits/query-limits.js';
import type { RateLimiter } from '../limits/rate-limit.js';
import { Semaphore } from '../limits/semaphore.js';
import { type FilterInput, filterCondition } from '../reports/filter.js';
import { orderList, orderSteps } from '../reports/order.js';
import { ReadSession } from '../sql/read-session.js';
import { jsonRecord } from './json-record.js';

export interface ExportOptions {
  readonly callerOf: (request: IncomingMessage) => Promise<Caller>;
  readonly policies: CallerPolicies;
  readonly rateLimiter: RateLimiter;
  readonly schema: GraphQLSchema;
  readonly reports: readonly ReportDescription[];
  readonly limits: RequestLimits;
  readonly readerPool: pg.Pool;
}

const TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const;
type Format = keyof typeof TYPES;

/** Rows per fetch: enough to keep the database busy, few enough to hold in memory for many callers. */
const BATCH_ROWS = 1000;

/**
 * The handler of `/export/{report}.{csv,json,ndjson}?filter=…&asOf=…`. Streams all rows that the caller can read, from
 * one snapshot. The filter is that of the GraphQL query, as JSON.
 */
export function exportHandler(options: ExportOptions): Handler {
  const { policies, rateLimiter, schema, reports, limits, readerPool } = options;
  // An export occupies a connection for as long as the client takes to read it. Half of the connections stay free for
  // queries.
  const semaphore = new Semaphore(Math.max(Math.floor(readerPool.options.max / 2), 1));
  return async (exchange) => {
    const { request, response, common, note } = exchange;
    const caller = await options.callerOf(request);
    note.caller = caller;
    if (!caller.scopes.has('reports:export'))
      throw new AccessError('insufficient_scope', 'An export requires the scope reports:export.', [
        'reports:export',
      ]);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throwMethodNotAllowed(
        response,
        'GET, HEAD',
        `An export must be requested with GET, not ${request.method}.`,
      );
    const [path = '', search = ''] = (request.url ?? '').split('?', 2);
    const { report, format } = nameOf(path, reports);
    note.operation = `export ${report.name}`;
    const rights = policies(caller);
    const { filter, asOf } = argumentsOf(search, schema, report, limits);
    const allowance = await rateLimiter.take('exports', caller, rights);
    const release = await semaphore.take();
    const session = new ReadSession(readerPool);
    response.once('close', () => void session.close());
    try {
      if (response.destroyed) return;
      const current = await currentPublication(session);
      const earlier =
        asOf === undefined || asOf === current?.number ? undefined : await earlierPublication(session, asOf);
      const access = accessReport(report, rights, earlier?.number);
      const condition = filterCondition(access, filter);
      const columns = [...access.columns.values()].map(({ name }) => ident(name));
      // A database cursor reads from the snapshot of the session's transaction without holding all rows in memory.
      await session.rows(
        `export ${report.name}`,
        sql`declare export no scroll cursor for select ${joined(columns, ', ')} from ${access.relation}
          where ${condition} order by ${orderList(orderSteps(access, undefined))}`,
      );
      const head = { ...common, ...allowance, ...headersOf(report, format, earlier ?? current) };
      await stream(exchange, session, access, format, head);
    } finally {
      await session.close();
      release();
    }
  };
}

function nameOf(
  path: string,
  reports: readonly ReportDescription[],
): { report: ReportDescription; format: Format } {
  const [, name, format] = /^\/export\/([a-z_]+)\.(csv|json|ndjson)$/.exec(path) ?? [];
  const report = reports.find((each) => each.name === name);
  if (!report || !format)
    throw apiError('NOT_FOUND', 'Unknown export: expected /export/{report}.csv, .json or .ndjson.');
  return { report, format: format as Format };
}

function argumentsOf(
  search: string,
  schema: GraphQLSchema,
  report: ReportDescription,
  limits: RequestLimits,
) {
  const parameters = new URLSearchParams(search);
  const unknown = [...parameters.keys()].find((name) => name !== 'filter' && name !== 'asOf');
  // Ignoring a misspelt filter would export all rows.
  if (unknown !== undefined) throw badInput('Unknown parameter: an export accepts only filter and asOf.');
  const repeated = ['filter', 'asOf'].find((name) => parameters.getAll(name).length > 1);
  if (repeated)
    throw badInput(`${repeated} occurs ${parameters.getAll(repeated).length} times: expected once.`);
  const asOf = parameters.get('asOf');
  if (asOf !== null && !/^\d{1,9}$/.test(asOf))
    throw badInput('asOf is not a publication number: expected 1 to 9 digits.');
  const text = parameters.get('filter');
  let json: unknown;
  try {
    json = text === null ? undefined : JSON.parse(text);
  } catch {
    throw badInput('filter is not valid JSON.');
  }
  checkInputDepth(json, limits);
  const type = schema.getType(`${pascalCase(report.name)}Filter`) as GraphQLInputType;
  const filter =
    json === undefined
      ? undefined
      : (coerceInputValue(json, type, (at, _value, error) => {
          const path = ['filter', ...at].join('.');
          throw badInput(`${path} is invalid: ${error.message.replace(/ Did you mean .*$/s, '')}`);
        }) as FilterInput);
  filterCost(filter, limits);
  return { filter, asOf: asOf === null ? undefined : Number(asOf) };
}

function headersOf(report: ReportDescription, format: Format, mark: PublicationMark | undefined): Headers {
  const number = mark?.number ?? 0;
  return {
    'content-type': TYPES[format],
    'content-disposition': `attachment; filename="${report.name}-publication-${number}.${format}"`,
    'x-publication': number,
    ...(mark && { 'x-publication-as-of-day': mark.asOfDay, 'x-publication-check-state': mark.checkState }),
    'cache-control': 'private, no-cache',
    vary: 'Authorization, Accept-Encoding, Origin',
  };
}

async function stream(
  { request, response }: Exchange,
  session: ReadSession,
  access: ReportAccess,
  format: Format,
  headers: Headers,
): Promise<void> {
  const compressed = /\bgzip\b(?!;\s*q=0(\.0*)?\b)/.test(String(request.headers['accept-encoding'] ?? ''));
  // Fetches the first rows before it sends the headers, so that an error of the statement becomes an error response.
  const first = await fetchRows(session);
  response.writeHead(200, { ...headers, ...(compressed && { 'content-encoding': 'gzip' }) });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const source = Readable.from(lines(session, access, format, first), { objectMode: false });
  try {
    await (compressed ? pipeline(source, createGzip(), response) : pipeline(source, response));
  } catch (error) {
    // Closing the connection without the last chunk shows the client that the export is incomplete. A client that has
    // disconnected is not an error.
    response.destroy();
    if ((error as { code?: unknown }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function* lines(
  session: ReadSession,
  access: ReportAccess,
  format: Format,
  first: readonly Record<string, unknown>[],
): AsyncGenerator<string> {
  const columns = [...access.columns.values()];
  const names = columns.map(({ name }) => name);
  if (format === 'csv') yield csvRecord(names, '\r\n');
  if (format === 'json') yield '[';
  let separator = '\n';
  for (let rows = first; rows.length > 0; rows = rows.length < BATCH_ROWS ? [] : await fetchRows(session)) {
    const text = rows.map((row) => {
      if (format === 'csv')
        return csvRecord(
          names.map((name) => row[name]),
          '\r\n',
        );
      const record = jsonRecord(columns, row);
      if (format === 'ndjson') return `${record}\n`;
      const before = separator;
      separator = ',\n';
      return before + record;
    });
    yield text.join('');
  }
  if (format === 'json') yield '\n]\n';
}

function fetchRows(session: ReadSession): Promise<Record<string, unknown>[]> {
  return session.rows('export rows', sql`fetch ${raw(String(BATCH_ROWS))} from export`);
}
