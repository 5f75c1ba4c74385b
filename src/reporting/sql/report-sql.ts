import { readFile } from 'node:fs/promises';
import type { SqlTemplate } from '../../database/sql-file.js';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { readRelations, templateWithRelations } from '../definition/relations.js';

/** The statements of a report's .sql file. */
export interface ReportSql {
  /** Selects the contributions; null for a report that is defined without them. */
  readonly contributions: SqlTemplate | null;
  /** Selects the global aggregates; null for a report without them. */
  readonly globalAggregates: SqlTemplate | null;
  /** Selects the rows. */
  readonly rows: SqlTemplate;
}

/**
 * Reads a report's .sql file, and the relations that it uses.
 * @throws Fault `report_sql_invalid` when the number of statements does not match the definition; as `templateWithRelations`
 */
export async function readReportSql(definition: ReportDefinition): Promise<ReportSql> {
  const text = await readFile(definition.sqlFile, 'utf8');
  const relations = await readRelations(definition.relations);
  const statements = text
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map((statement) => templateWithRelations(statement, `The .sql file of ${definition.name}`, relations));
  const hasContributions = definition.contributions !== undefined;
  const hasAggregates =
    hasContributions && definition.columns.some(({ usesGlobalAggregates }) => usesGlobalAggregates);
  const wanted = [
    ...(hasContributions ? ['the contributions'] : []),
    ...(hasAggregates ? ['the global aggregates'] : []),
    'the rows',
  ];
  if (statements.length !== wanted.length) {
    throw new Fault(
      'report_sql_invalid',
      `The .sql file of ${definition.name} has ${statements.length} statements, expected ${wanted.length}: ${wanted.join(', then ')}.`,
    );
  }
  return {
    contributions: hasContributions ? statements[0]! : null,
    globalAggregates: hasAggregates ? statements[1]! : null,
    rows: statements.at(-1)!,
  };
}
