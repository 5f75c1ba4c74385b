import type { LatestPublication } from '../publications/publication.js';
import type { ReadyBuilds } from '../publish/publishable-builds.js';
import type { RetirementCause } from './manual-corrections.js';

/** Why numbers of a report may differ from the publication before, as far as it holds for all of its rows. */
export type GeneralCause =
  | { kind: 'new file'; feed: string; period: string; name: string; late: boolean }
  | { kind: 'as-of day'; from: string; to: string }
  | { kind: 'mapping'; from: number; to: number }
  | { kind: 'definition'; report: string }
  | { kind: 'rollback'; from: number; to: number }
  | RetirementCause;

/** The files that a publication reflects, to tell by them which ones came later. */
export interface KnownFiles {
  /** The newest period among them. */
  readonly newestPeriod: string;
  /** The checksums of their bytes. */
  readonly checksums: readonly string[];
}

export function knownFiles({ drops }: LatestPublication): KnownFiles {
  const newestPeriod = drops.map(({ period }) => period).sort();
  return { newestPeriod: newestPeriod.at(-1) ?? '', checksums: drops.map(({ sha256 }) => sha256) };
}

/**
 * Whether `file` came since, for an earlier month than was known. Not by when it was cleaned: a warehouse made anew has
 * cleaned all of its files anew.
 */
export function isLate({ newestPeriod, checksums }: KnownFiles, given: (value: unknown) => string): string {
  return `(file.period < ${given(newestPeriod)} and file.sha256 <> all(${given(checksums)}::text[]))`;
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
