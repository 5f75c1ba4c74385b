import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reports } from '../../src/dataset/reports/reports.js';
import { writeVegaSample } from '../../src/dataset/sample/vega-sample.js';
import type { ReportColumn } from '../../src/reporting/definition.js';
import type { ReportKey } from '../../src/reporting/report-key.js';
import { type Trace, type TracedEntity, trace } from '../../src/reporting/trace.js';
import { useDatabase } from '../database-fixture.js';
import { bytesOf, keyedEntries, recordsOf, type VendorDrop } from '../oracle/drop-records.js';
import { Fraction } from '../oracle/fraction.js';
import { takeDrop } from './drops.js';
import { publishReports, report } from './publish-reports.js';

type Queryable = Pick<pg.ClientBase, 'query'>;

describe('a cell of the sample', () => {
  const database = useDatabase();
  let folder: string;
  /** What the films' records list, each as the column, the film, the number and the name of the listed. */
  const listed = new Set<string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-demo-'));
    for (const { period } of await writeVegaSample({ outDir: folder })) {
      const drop = { period, folder: join(folder, period) };
      await takeDrop(database.pools.pipeline, drop.folder, period);
      for (const listing of listingsOf(drop)) listed.add(listing);
      await publishReports(database.pools.pipeline, reports, false);
    }
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const asPipeline = (): Queryable => database.pools.pipeline;

  /** What is wrong with the traces of the cells in some rows, all columns beside the key. */
  async function faultsOf(name: string, keys: ReportKey[], db = asPipeline()): Promise<string[]> {
    const definition = report(name);
    const columns = definition.columns.filter((column) => !definition.key.includes(column.name));
    const faults: string[] = [];
    const lane = async (): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        const client = rememberingClient(db);
        for (const column of columns) {
          const traced = await trace(client, definition, key, column.name);
          const found = [...cellFaults(column, traced, listed), ...traced.entities.flatMap(recordFaults)];
          faults.push(...found.map((fault) => `${column.name} of ${JSON.stringify(key)}: ${fault}`));
        }
      }
    };
    await Promise.all([lane(), lane()]);
    return faults;
  }

  async function keysOf(name: string): Promise<ReportKey[]> {
    const { rows } = await database.pools.reader.query(
      `select ${report(name).key.join(', ')} from reporting.${name}`,
    );
    return rows;
  }

  it.each(reports)(
    'of $name is traced to the records that were sent for it',
    { timeout: 300_000 },
    async ({ name }) => {
      const keys = await keysOf(name);
      expect(keys.length).toBeGreaterThan(20);
      expect(await faultsOf(name, keys)).toEqual([]);
    },
  );

  it.each([
    ['amount', 'reporting.genre_report set budget = budget + 1', /^budget of .*: films make \d/],
    ['mean', 'reporting.genre_report set average_popularity = 9', /^average_popularity of .*: films make \d/],
    ['name', "reporting.genre_report set genre_name = 'x'", /^genre_name of .*: film \d+ never listed it$/],
    [
      'record',
      'support.contribution_genre_report set record_number = record_number + 1',
      /has not its record$/,
    ],
  ])('would be found out when its %s were not what is behind it', async (_what, change, fault) => {
    const client = await database.pools.owner.connect();
    try {
      await client.query('begin');
      const [table] = change.split(' ');
      const { rows } = await client.query(
        `update ${change} where ctid = (select min(ctid) from ${table} where budget is not null)
         returning year, genre_id`,
      );
      const found = await faultsOf('genre_report', rows, client);
      expect(found.filter((one) => fault.test(one)).length).toBeGreaterThan(0);
      await client.query('rollback');
    } finally {
      client.release();
    }
  });
});

/** Asks the database once for each question: what is behind a row is the same for each of its columns. */
function rememberingClient(db: Queryable): Queryable {
  const known = new Map<string, Promise<unknown>>();
  const query = (text: string, values: unknown[]) => {
    const question = JSON.stringify([text, values]);
    const answer = known.get(question) ?? db.query(text, values);
    known.set(question, answer);
    return answer;
  };
  return { query } as unknown as Queryable;
}

/** Films without the record that says what they bring. */
function recordFaults({
  entity,
  raw,
  version,
  record,
  mappingVersion,
  file,
  counted,
  why,
}: TracedEntity): string[] {
  const isTraced =
    Number(raw?.id) === entity &&
    version > 0 &&
    record > 0 &&
    mappingVersion === 1 &&
    file === 'movies_metadata.csv' &&
    counted === (why === null);
  return isTraced ? [] : [`film ${entity} has not its record`];
}

/** Whether a cell follows from what is shown behind it. */
function cellFaults(column: ReportColumn, { row, entities }: Trace, listed: Set<string>): string[] {
  const value = row[column.name] ?? null;
  const counted = entities.filter((entity) => entity.counted);
  if (entities.length === 0) return ['no film'];
  if (column.sum !== undefined) return sumFaults(column, value, counted);
  if (column.name === 'average_popularity') {
    const popularities = counted.map((entity) => Fraction.parse(entity.amounts.popularity!)!);
    const sum = popularities.reduce((total, popularity) => total.plus(popularity), Fraction.zero);
    const mean = popularities.length === 0 ? null : sum.over(Fraction.of(popularities.length)).toFixed(6);
    return mean === value ? [] : [`films make ${mean}, but it is ${value}`];
  }
  // A share is made of an amount of the film: there is none where that is unknown.
  if (column.basis !== undefined && column.nullable && (value === null) !== (counted.length === 0))
    return ['other films count'];
  return textFaults(column.name, value, row, entities, listed);
}

function sumFaults({ name, sum }: ReportColumn, value: string | null, counted: TracedEntity[]): string[] {
  const amounts = counted.map((entity) => entity.amounts[name]);
  if (amounts.includes(null) || amounts.includes(undefined)) return ['a film counts without an amount'];
  if (value === null) return counted.length === 0 ? [] : ['films count, but it is unknown'];
  const total = amounts.reduce((sofar, amount) => sofar.plus(Fraction.parse(amount!)!), Fraction.zero);
  const distance = Math.abs(Number(total.minus(Fraction.parse(value)!).toFixed(12)));
  // A sum of shares is rounded; each share is shown to its own last digit.
  const most = sum!.places === undefined ? 0 : 10 ** -sum!.places * (0.5 + 0.5 * amounts.length);
  return distance <= most ? [] : [`films make ${total.toFixed(2)}, but it is ${value}`];
}

/** What a record says in so many words. */
const sent: Record<string, string> = {
  movie_name: 'title',
  release_date: 'release_date',
};
const lists: Record<string, [column: string, key: string]> = {
  genre_name: ['genres', 'genre_id'],
  production_company_name: ['production_companies', 'production_company_id'],
};

function listingsOf(drop: VendorDrop): string[] {
  return recordsOf(bytesOf(drop, 'movies_metadata.csv')!).flatMap(({ values }) =>
    Object.values(lists).flatMap(([column]) =>
      keyedEntries(values?.[column], ['name']).map(([id, { name }]) =>
        [column, values!.id, id, name].join(' '),
      ),
    ),
  );
}

function textFaults(
  name: string,
  value: string | null,
  row: Trace['row'],
  entities: readonly TracedEntity[],
  listed: Set<string>,
): string[] {
  const faults: string[] = [];
  const [column, key] = lists[name] ?? [];
  for (const { entity, raw, file, record } of entities) {
    if (name in sent && (raw![sent[name]!] || null) !== value)
      faults.push(`film ${entity} was sent otherwise`);
    if (name === 'source_file' && value !== file) faults.push(`film ${entity} is of ${file}`);
    if (name === 'source_record' && Number(value) !== record) faults.push(`film ${entity} is of ${record}`);
    if (name === 'reported_vote_count' && Number(raw!.vote_count) !== Number(value))
      faults.push('other votes');
    // A film keeps what an earlier record of it listed.
    const listing = [column, entity, row[key ?? ''], value].join(' ');
    if (column !== undefined && !listed.has(listing)) faults.push(`film ${entity} never listed it`);
  }
  return faults;
}
