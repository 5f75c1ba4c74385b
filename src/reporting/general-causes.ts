import type { ClientBase } from 'pg';
import type { LatestPublication, Reflected } from './publication.js';
import type { ReadyBuilds } from './ready-builds.js';

/** Why numbers of a report may differ from the publication before, as far as it holds for all of its rows. */
export type GeneralCause =
  | { kind: 'new file'; feed: string; period: string; name: string; late: boolean }
  | { kind: 'as-of day'; from: string; to: string }
  | { kind: 'mapping'; from: number; to: number }
  | { kind: 'definition'; report: string }
  | { kind: 'rollback'; from: number; to: number }
  | RetirementCause;

/** A row of the warehouse that was retired or restored by hand; its key field by field, as text. */
export interface RetirementCause {
  readonly kind: 'retired' | 'restored';
  readonly table: string;
  readonly key: Readonly<Record<string, string>>;
  readonly by: string;
  readonly reason: string;
}

/** What was retired or restored by hand since a publication. */
export async function retirementsSince(client: ClientBase, publication: number): Promise<RetirementCause[]> {
  const { rows } = await client.query<RetirementCause>(
    `/* reporting.retirements_since */
     select case when restored_date is null then 'retired' else 'restored' end as kind,
       table_name as "table", row_key as key, coalesce(restored_by, actor) as by, reason
     from support.retirement
     where greatest(created_date, restored_date)
       > (select published_date from reporting.publication where number = $1)
     order by id`,
    [publication],
  );
  return rows;
}

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
export function deliveryCauses(
  previous: LatestPublication,
  builds: ReadyBuilds,
  reflected: Reflected,
): GeneralCause[] {
  const known = new Set(previous.drops.map((drop) => drop.sha256));
  const newest = newestPeriod(previous);
  const causes: GeneralCause[] = reflected.drops
    .filter((drop) => !known.has(drop.sha256))
    .map(({ feed, period, name }) => ({ kind: 'new file', feed, period, name, late: period < newest }));
  if (previous.asOfDay !== builds.asOfDay) {
    causes.push({ kind: 'as-of day', from: previous.asOfDay, to: builds.asOfDay });
  }
  return causes;
}

/** The rules of a report that changed since the publication before. */
export function ruleCauses(
  report: string,
  previous: LatestPublication,
  builds: ReadyBuilds,
  reflected: Reflected,
): GeneralCause[] {
  const causes: GeneralCause[] = [];
  if (previous.mappingVersion !== reflected.mappingVersion) {
    causes.push({ kind: 'mapping', from: previous.mappingVersion, to: reflected.mappingVersion });
  }
  if (previous.definitions[report] !== builds.hashes[report]) {
    causes.push({ kind: 'definition', report });
  }
  return causes;
}
