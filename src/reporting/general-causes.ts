import type { RetirementCause } from './by-hand.js';
import type { LatestPublication } from './publication.js';
import type { ReadyBuilds } from './ready-builds.js';

/** Why numbers of a report may differ from the publication before, as far as it holds for all of its rows. */
export type GeneralCause =
  | { kind: 'new file'; feed: string; period: string; name: string; late: boolean }
  | { kind: 'as-of day'; from: string; to: string }
  | { kind: 'mapping'; from: number; to: number }
  | { kind: 'definition'; report: string }
  | { kind: 'rollback'; from: number; to: number }
  | RetirementCause;

/** The newest period among the files of a publication. */
export function newestPeriod(publication: LatestPublication): string {
  return (
    publication.drops
      .map((drop) => drop.period)
      .sort()
      .at(-1) ?? ''
  );
}

/** The deliveries that came since the publication before, and the day moved by them. A file of an earlier month is late. */
export function deliveryCauses(previous: LatestPublication, builds: ReadyBuilds): GeneralCause[] {
  const known = new Set(previous.drops.map((drop) => drop.sha256));
  const newest = newestPeriod(previous);
  const causes: GeneralCause[] = builds.reflected.drops
    .filter((drop) => !known.has(drop.sha256))
    .map(({ feed, period, name }) => ({ kind: 'new file', feed, period, name, late: period < newest }));
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
