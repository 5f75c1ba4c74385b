import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Caller } from '../../auth/caller.js';
import { allOf, ident, type SqlText, sql } from '../../database/sql.js';
import { Fault, messageOf } from '../../fault.js';
import type { ReportColumn, ReportDescription } from '../contract/report-description.js';
import { weakMemo } from '../weak-memo.js';
import { fitsColumn, typedValue, typedValues } from './column-values.js';

const value = z.union([z.string(), z.number(), z.boolean()]);
const rowRule = z
  .strictObject({ eq: value, in: z.array(value), gte: value, lte: value })
  .partial()
  .refine((rule) => Object.keys(rule).length > 0, { message: 'expected at least one of eq, in, gte, lte' });
const quotasSchema = z
  .strictObject({
    /** Requests to the API per minute. */
    requestsPerMinute: z.int().min(1),
    /** Total cost of operations per minute, in the unit of the cost limit. */
    costPerMinute: z.int().min(1),
    /** Maximum cost of one operation. */
    maxCost: z.int().min(1),
    /** Seconds of statement time per minute, in one API process. */
    statementSecondsPerMinute: z.number().positive(),
    /** Exports of whole reports per hour. */
    exportsPerHour: z.int().min(0),
  })
  .partial();

const policySchema = z.strictObject({
  clients: z.record(
    z.string().min(1),
    z.strictObject({
      /** The only reports the client can read; all if absent. */
      reports: z
        .record(
          z.string(),
          z.strictObject({
            /** The only columns the client can read; all if absent. */
            columns: z.array(z.string()).optional(),
            /** Conditions by column. The client can read rows that meet all of them. A null meets no condition. */
            rows: z.record(z.string(), rowRule).optional(),
          }),
        )
        .optional(),
      quotas: quotasSchema.optional(),
    }),
  ),
});

export type Quotas = z.output<typeof quotasSchema>;
type RowRule = z.output<typeof rowRule>;

/** The part of one report that a caller can read. */
export interface ReportRights {
  /** Names of the readable columns; all if undefined. */
  readonly columns?: ReadonlySet<string>;
  /** Condition that readable rows meet; all rows if undefined. */
  readonly rows?: SqlText;
  /** The columns that the condition uses. */
  readonly rowColumns: readonly string[];
}

/** What a caller can read, and its quotas. */
export interface CallerRights {
  /** Equal for callers that get the same response to every request, so that they can share cached ones. */
  readonly key: string;
  /** The readable reports; all of them in full if undefined. */
  readonly reports?: ReadonlyMap<string, ReportRights>;
  readonly quotas: Quotas;
}

/** Looks up the rights of a caller. */
export type CallerPolicies = (caller: Caller) => CallerRights;

/**
 * Reads the policies that restrict clients. A client that the file does not name is limited only by its scopes.
 * @param file Path of the JSON file. Without it, no client is restricted.
 * @throws Fault `policy_invalid` with every error found. An unknown report or column must stop the start: a misspelt
 * rule that restricts nothing would be noticed too late.
 */
export async function loadCallerPolicies(
  file: string | undefined,
  reports: readonly ReportDescription[],
): Promise<CallerPolicies> {
  return callerPolicies(file === undefined ? { clients: {} } : await readJson(file), reports, file);
}

/** Like `loadCallerPolicies`, from parsed JSON. */
export function callerPolicies(
  content: unknown,
  reports: readonly ReportDescription[],
  file = 'file',
): CallerPolicies {
  const parsed = policySchema.safeParse(content);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'top level'}: ${message}`,
    );
    throw invalid(file, faults);
  }
  const faults: string[] = [];
  const restricted = new Map(
    Object.entries(parsed.data.clients).map(([clientId, client]) => {
      const rights = new Map(
        Object.entries(client.reports ?? {}).map(([name, rules]): [string, ReportRights] => {
          const path = `clients.${clientId}.reports.${name}`;
          const report = reports.find((each) => each.name === name);
          if (!report) faults.push(`${path}: unknown report`);
          return [name, report ? reportRights(report, rules, path, faults) : { rowColumns: [] }];
        }),
      );
      return [
        clientId,
        {
          hash: createHash('sha256').update(JSON.stringify(client)).digest('base64url').slice(0, 16),
          reports: client.reports && rights,
          quotas: client.quotas ?? {},
        },
      ] as const;
    }),
  );
  if (faults.length > 0) throw invalid(file, faults);
  return weakMemo((caller) => {
    const found = restricted.get(caller.clientId);
    const scopes = [...caller.scopes].sort().join(' ');
    return {
      key: `${found?.hash ?? 'all'} ${scopes}`,
      reports: found?.reports,
      quotas: found?.quotas ?? {},
    };
  });
}

function reportRights(
  report: ReportDescription,
  rules: { columns?: string[] | undefined; rows?: Record<string, RowRule> | undefined },
  path: string,
  faults: string[],
): ReportRights {
  const names = new Map(report.columns.map((column) => [column.name, column]));
  for (const name of [...(rules.columns ?? []), ...Object.keys(rules.rows ?? {})]) {
    if (!names.has(name)) faults.push(`${path}: unknown column ${name}`);
  }
  // Cursors contain the key, so they would reveal a hidden key column.
  for (const name of rules.columns ? report.key : []) {
    if (!rules.columns!.includes(name))
      faults.push(`${path}.columns: the key column ${name} cannot be hidden`);
  }
  const conditions = Object.entries(rules.rows ?? {}).flatMap(([name, rule]) => {
    const column = names.get(name);
    if (!column) return [];
    for (const value of Object.values(rule).flat()) {
      if (!fitsColumn(column, value))
        faults.push(`${path}.rows.${name}: expected ${column.type}, found ${value}`);
    }
    return ruleConditions(column, rule);
  });
  return {
    columns: rules.columns && new Set(rules.columns),
    rows: conditions.length > 0 ? allOf(conditions) : undefined,
    rowColumns: Object.keys(rules.rows ?? {}),
  };
}

function ruleConditions(column: ReportColumn, rule: RowRule): SqlText[] {
  const name = ident(column.name);
  const { eq, in: oneOf, gte, lte } = rule;
  return [
    eq === undefined ? undefined : sql`${name} = ${typedValue(column, eq)}`,
    oneOf === undefined ? undefined : sql`${name} = any(${typedValues(column, oneOf)})`,
    gte === undefined ? undefined : sql`${name} >= ${typedValue(column, gte)}`,
    lte === undefined ? undefined : sql`${name} <= ${typedValue(column, lte)}`,
  ].filter((each) => each !== undefined);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw invalid(file, [messageOf(error)], error);
  }
}

function invalid(file: string, faults: readonly string[], cause?: unknown): Fault {
  return new Fault(
    'policy_invalid',
    `The caller policy ${file} has errors: ${faults.join('; ')}. Correct it and start again.`,
    { cause },
  );
}
