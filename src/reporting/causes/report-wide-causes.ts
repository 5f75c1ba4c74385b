import type { DefinitionIdentity } from '../definition/definition-hash.js';
import { fileIdentity } from '../publications/publication.js';
import type { LatestPublication, ReadyBuilds } from '../publications/types.js';
import type { DefinitionCause, KnownFiles, ReportWideCause } from './cause.js';

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
  causes.push(
    ...definitionCauses(report, previous, { hash: builds.hashes[report]!, rules: builds.rules[report]! }),
  );
  return causes;
}

/**
 * The changed rules of a report: its own definition, and each relation that it uses. Changed checks are none, since they change no
 * number.
 */
export function definitionCauses(
  report: string,
  previous: LatestPublication,
  { hash, rules }: DefinitionIdentity,
): DefinitionCause[] {
  const before = previous.rules[report];
  if (before === undefined) {
    return previous.definitions[report] === hash ? [] : [{ kind: 'definition', report }];
  }
  const changed = Object.entries(rules.relations).filter(
    ([name, relation]) => before.relations[name] !== undefined && before.relations[name] !== relation,
  );
  return [
    ...(before.own === rules.own ? [] : [{ kind: 'definition' as const, report }]),
    ...changed.map(([relation]) => ({ kind: 'definition' as const, report, relation })),
  ];
}
