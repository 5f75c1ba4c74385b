import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';

/** What a report's .sql file holds. */
export interface ReportSql {
  /** Gives the contributions; null where the report is defined without them. */
  readonly contributions: string | null;
  /** Gives what columns take of all contributions; null where none does. */
  readonly ofAll: string | null;
  /** Gives the rows. */
  readonly rows: string;
}

/**
 * Reads a report's .sql file.
 * @throws Fault `report_sql_invalid` when it has not as many statements as the definition asks for
 */
export async function readReportSql(definition: ReportDefinition): Promise<ReportSql> {
  const text = await readFile(definition.sqlFile, 'utf8');
  const statements = text
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const hasContributions = definition.contributions !== undefined;
  const hasOfAll = hasContributions && definition.columns.some(({ ofAll }) => ofAll);
  const wanted = [
    ...(hasContributions ? ['its contributions'] : []),
    ...(hasOfAll ? ['what all of them make'] : []),
    'its rows',
  ];
  if (statements.length !== wanted.length) {
    throw new Fault(
      'report_sql_invalid',
      `The .sql file of ${definition.name} holds ${statements.length} statements, expected ${wanted.length}: ${wanted.join(', then ')}.`,
    );
  }
  return {
    contributions: hasContributions ? statements[0]! : null,
    ofAll: hasOfAll ? statements[1]! : null,
    rows: statements.at(-1)!,
  };
}

/** What a report's queries may be given. */
export type SqlValue = string | boolean | readonly number[] | null;

/**
 * Writes values for `$1`, `$2` and so on into a query. They are written out, not bound, so that one query need not use
 * all of them, and so that the planner sees what they rule out.
 */
export function withValues(sql: string, values: readonly SqlValue[]): string {
  return sql.replace(/\$(\d)\b/g, (parameter, number) => {
    const value = values[Number(number) - 1];
    if (value === undefined) return parameter;
    if (value === null || typeof value === 'boolean') return String(value);
    return pg.escapeLiteral(typeof value === 'string' ? value : `{${value.join(',')}}`);
  });
}
