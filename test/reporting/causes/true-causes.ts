import type pg from 'pg';
import { reports } from '../../../src/dataset/reports/reports.js';
import { inputColumns } from '../../../src/reporting/definition/definition.js';

type Contribution = Readonly<Record<string, string | null>>;

interface LiveFilm {
  readonly version: string;
  readonly file: string;
  readonly period: string;
  readonly record: number;
}

/** What causes are about: the live films, and what each brought to each row, by report, key and film. */
export interface Told {
  readonly films: ReadonlyMap<number, LiveFilm>;
  readonly contributions: ReadonlyMap<string, ReadonlyMap<string, Contribution>>;
}

interface Change {
  report: string;
  row_key: Record<string, number>;
  change: string;
  column_name: string | null;
  cause: Cause[];
}

interface Cause {
  kind: string;
  movie_id?: number;
  version?: number;
  earlierVersion?: number;
  file?: string;
  period?: string;
  record?: number;
  fields?: { field: string; old?: string; new?: string }[];
}

export async function readTold(pool: pg.Pool): Promise<Told> {
  const films = await pool.query<LiveFilm & { id: number }>(
    `select movies.movie_id as id, movies.id::text as version, file.name as file, file.period, movies.record_number as record
     from warehouse.movies join source.file on file.id = movies.file_id where not movies.deleted`,
  );
  const contributions = new Map<string, Map<string, Contribution>>();
  for (const { name, key } of reports) {
    const { rows } = await pool.query<{ brought: Contribution }>(
      `select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(known)) as cell) as brought
       from support.contribution_${name} as known`,
    );
    const placed = rows.map(
      ({ brought }) =>
        [
          placeOf(
            key.map((column) => brought[column]),
            brought.entity,
          ),
          brought,
        ] as const,
    );
    contributions.set(name, new Map(placed));
  }
  return { films: new Map(films.rows.map(({ id, ...film }) => [id, film])), contributions };
}

/** Changes of a publication whose causes are not what happened between two states, or not all of it. */
export async function untrueCauses(
  pool: pg.Pool,
  publication: number,
  before: Told,
  after: Told,
): Promise<unknown[]> {
  const { rows } = await pool.query<Change>(
    'select report, row_key, change, column_name, cause from reporting.report_change where publication = $1',
    [publication],
  );
  return rows.flatMap((change) => {
    const faults = [
      ...change.cause.flatMap((cause) => faultsOf(cause, change, before, after)),
      ...omissions(change, before, after),
    ];
    return faults.length === 0 ? [] : [{ ...change, faults }];
  });
}

function faultsOf(
  cause: Cause,
  { report, row_key, column_name }: Change,
  before: Told,
  after: Told,
): string[] {
  const { kind, movie_id: film } = cause;
  if (film === undefined) {
    // A name that changes breaks ties of rank otherwise: no film is behind that, and the deliveries are told.
    const general = [
      'rounding',
      'together',
      'of all',
      'changed',
      ...(column_name === 'popularity_rank' ? deliveries : []),
    ];
    return general.includes(kind) ? [] : [`${kind} is of no film`];
  }
  const place = placeOf(Object.values(keyOf(report, row_key)), film);
  const [then, now] = [before.films.get(film), after.films.get(film)];
  const [brought, brings] = [before, after].map(({ contributions }) => contributions.get(report)!.get(place));
  const isAnother = then !== undefined && now !== undefined && then.version !== now.version;
  const isSame = then !== undefined && then.version === now?.version;
  const isHeld: Record<string, boolean> = {
    new: !then && !brought && !!brings,
    'new link': !!then && !brought && !!brings,
    joined: isAnother && !brought && !!brings,
    left: isAnother && !!brought && !brings,
    changed: isAnother && !!brought && !!brings,
    released: isSame && !!brought?.left_out && brings?.left_out === null,
    related: isSame && !!brought && !!brings,
  };
  const faults = isHeld[kind] ? [] : [`film ${film} is not ${kind}`];
  if (kind.endsWith('link')) return faults;
  if (cause.file !== now?.file || cause.period !== now?.period || cause.record !== now?.record)
    faults.push(`film ${film} is of another record`);
  if (isAnother && (String(cause.version) !== now.version || String(cause.earlierVersion) !== then.version))
    faults.push(`film ${film} has other versions`);
  if (!brought || !brings) return faults;
  const differing = Object.keys(brings).filter((name) => !origin.has(name) && brought[name] !== brings[name]);
  const told = cause.fields!.map(({ field }) => field);
  if (differing.sort().join() !== told.sort().join()) faults.push(`film ${film} differs in ${differing}`);
  if (
    cause.fields!.some(
      ({ field, old, new: value }) => brought[field] !== (old ?? null) || brings[field] !== (value ?? null),
    )
  )
    faults.push(`film ${film} has other values`);
  return faults;
}

const deliveries = ['new file', 'as-of day'];

/** What says where a contribution comes from, not what it brings. */
const origin = new Set(['entity', 'entity_name', 'version', 'file_id', 'record_number']);

/** Of a cell that follows from some of what films bring: those that brought otherwise are named, and no others. */
function omissions(
  { report, row_key, change, column_name, cause }: Change,
  before: Told,
  after: Told,
): string[] {
  const column = reports
    .find(({ name }) => name === report)!
    .columns.find(({ name }) => name === column_name);
  const behind = column && (inputColumns(column) ?? (column.sum ? [column.name] : undefined));
  if (change !== 'update' || behind === undefined) return [];
  const [then, now] = [before, after].map(({ contributions }) => contributions.get(report)!);
  const row = placeOf(Object.values(keyOf(report, row_key)), null).slice(0, -'null]'.length);
  const none = column!.sum ? '0' : null;
  const films = [...new Set([...then!.keys(), ...now!.keys()])]
    .filter((place) => place.startsWith(row))
    .filter((place) =>
      behind.some((name) => (then!.get(place)?.[name] ?? none) !== (now!.get(place)?.[name] ?? none)),
    )
    .map((place) => Number(JSON.parse(place).at(-1)));
  const named = cause.flatMap(({ movie_id }) => movie_id ?? []);
  const faults = films.sort().join() === named.sort().join() ? [] : [`the films behind it are ${films}`];
  const isTold = cause.some(({ kind }) => kind === 'together' || deliveries.includes(kind));
  if (films.length === 0 && !isTold) faults.push('nothing is behind it');
  return faults;
}

function keyOf(report: string, row_key: Record<string, number>): Record<string, number> {
  const { key } = reports.find(({ name }) => name === report)!;
  return Object.fromEntries(key.map((column) => [column, row_key[column]!]));
}

function placeOf(key: readonly unknown[], entity: unknown): string {
  return JSON.stringify([...key.map(Number), entity === null ? null : Number(entity)]);
}
