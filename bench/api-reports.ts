import type { ReportColumnType, ReportDescription } from '../src/api/contract/report-description.js';
import { reports } from '../src/dataset/reports/reports.js';

const described = reports.map(
  ({ name, key, columns }): ReportDescription => ({
    name,
    key,
    columns: columns.map((column) => ({
      name: column.name,
      type: column.type as ReportColumnType,
      nullable: column.nullable,
    })),
  }),
);

/** All reports, as the API serves them. */
export const apiReports = described;
