import { join } from 'node:path';
import { packageRoot } from '../../package-root.js';
import type { CheckSeverity, ReportCheck } from '../../reporting/definition.js';

/** The .sql files lie beside these descriptions in `src/`, also where the code runs compiled. */
const folder = join(packageRoot, 'src', 'dataset', 'reports');

/** The query that computes a report: the file of its name. */
export function reportSql(report: string): string {
  return join(folder, `${report}.sql`);
}

/** A check by its sentence: the file of that name in `checks/`. */
export function check(severity: CheckSeverity, name: string): ReportCheck {
  return { name, severity, sqlFile: join(folder, 'checks', `${name}.sql`) };
}
