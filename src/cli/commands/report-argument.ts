import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../../reporting/definition/definition.js';

/** @throws Fault `report_unknown` */
export function reportOf(name: string): ReportDefinition {
  const definition = movies.reports.find((candidate) => candidate.name === name);
  if (definition === undefined) {
    const known = movies.reports.map((candidate) => candidate.name).join(', ');
    throw new Fault('report_unknown', `There is no report ${name}; the reports are ${known}.`);
  }
  return definition;
}
