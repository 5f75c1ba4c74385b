import { fileURLToPath } from 'node:url';
import type { CheckSeverity, ReportCheck } from '../../reporting/definition.js';

/** The query that computes a report: the file of its name, which lies beside this one, in `dist/` too. */
export function reportSql(report: string): string {
  return fileBeside(`${report}.sql`);
}

/** A check by its sentence: the file of that name in `checks/`. */
export function check(severity: CheckSeverity, name: string): ReportCheck {
  return { name, severity, sqlFile: fileBeside(`checks/${name}.sql`) };
}

function fileBeside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
