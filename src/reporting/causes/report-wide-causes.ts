import { fileIdentity } from '../publications/publication.js';
import type { LatestPublication, ReadyBuilds } from '../publications/types.js';
import type { KnownFiles, ReportWideCause } from './cause.js';

export function knownFiles({ drops }: LatestPublication): KnownFiles {
  const periods = drops.map(({ period }) => period).sort();
  return { newestPeriod: periods.at(-1) ?? '', files: drops.map(fileIdentity) };
}

/** The files that arrived since the publication before, and the change of the as-of day. A file of an earlier month is late. */
export function deliveryCauses(previous: LatestPublication, builds: ReadyBuilds): ReportWideCause[] {
  const { newestPeriod, files } = knownFiles(previous);
  const known = new Set(files);
  const causes: ReportWideCause[] = builds.reflected.drops
    .filter((drop) => !known.has(fileIdentity(drop)))
    .map(({ feed, period, name }) => ({ kind: 'new file', feed, period, name, late: period < newestPeriod }));
  if (previous.asOfDay !== builds.asOfDay) {
    causes.push({ kind: 'as-of day', from: previous.asOfDay, to: builds.asOfDay });
  }
  return causes;
}

/** The rules of a report that changed since the publication before: the mapping and the definition. */
export function ruleCauses(
  report: string,
  previous: LatestPublication,
  builds: ReadyBuilds,
): ReportWideCause[] {
  const causes: ReportWideCause[] = [];
  const { mappingVersion } = builds.reflected;
  if (previous.mappingVersion !== mappingVersion) {
    causes.push({ kind: 'mapping', from: previous.mappingVersion, to: mappingVersion });
  }
  if (previous.definitions[report] !== builds.hashes[report]) {
    causes.push({ kind: 'definition', report });
  }
  return causes;
}
