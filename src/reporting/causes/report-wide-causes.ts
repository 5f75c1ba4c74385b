import type { LatestPublication, ReadyBuilds } from '../publications/types.js';
import type { GeneralCause, KnownFiles } from './cause.js';

export function knownFiles({ drops }: LatestPublication): KnownFiles {
  const newestPeriod = drops.map(({ period }) => period).sort();
  return { newestPeriod: newestPeriod.at(-1) ?? '', checksums: drops.map(({ sha256 }) => sha256) };
}

/** The deliveries that came since the publication before, and the day moved by them. A file of an earlier month is late. */
export function deliveryCauses(previous: LatestPublication, builds: ReadyBuilds): GeneralCause[] {
  const { newestPeriod, checksums } = knownFiles(previous);
  const known = new Set(checksums);
  const causes: GeneralCause[] = builds.reflected.drops
    .filter((drop) => !known.has(drop.sha256))
    .map(({ feed, period, name }) => ({ kind: 'new file', feed, period, name, late: period < newestPeriod }));
  if (previous.asOfDay !== builds.asOfDay) {
    causes.push({ kind: 'as-of day', from: previous.asOfDay, to: builds.asOfDay });
  }
  return causes;
}

/** The rules of a report that changed since the publication before. */
export function ruleCauses(report: string, previous: LatestPublication, builds: ReadyBuilds): GeneralCause[] {
  const causes: GeneralCause[] = [];
  const { mappingVersion } = builds.reflected;
  if (previous.mappingVersion !== mappingVersion) {
    causes.push({ kind: 'mapping', from: previous.mappingVersion, to: mappingVersion });
  }
  if (previous.definitions[report] !== builds.hashes[report]) {
    causes.push({ kind: 'definition', report });
  }
  return causes;
}
