import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { undoing } from '../../../src/database/savepoint.js';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { writeVegaSample } from '../../../src/dataset/sample/vega-sample.js';
import type { ReportColumn, ReportDefinition } from '../../../src/reporting/definition/definition.js';
import type { ReportKey } from '../../../src/reporting/definition/report-key.js';
import { type Trace, type TracedEntity, trace } from '../../../src/reporting/explain/trace.js';
import type { TracedRow } from '../../../src/reporting/explain/traced-rows.js';
import { useDatabase } from '../../database-fixture.js';
import { keyedEntries } from '../../oracle/drop-records.js';
import { Fraction } from '../../oracle/fraction.js';
import { propertyCases } from '../../property-runs.js';
import { takeDrop } from '../drops.js';
import { publishReports, report } from '../publish-reports.js';

type Queryable = Pick<pg.ClientBase, 'query'>;

describe('a cell of the sample', () => {
  const database = useDatabase();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-demo-'));
    for (const { period } of await writeVegaSample({ outDir: folder })) {
      const drop = { period, folder: join(folder, period) };
      await takeDrop(database.pools.pipeline, drop.folder, period);
      await publishReports(database.pools.pipeline, reports, false);
    }
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const asPipeline = (): Queryable => database.pools.pipeline;

  /** Runs work whose changes are undone again. */
  const undone = (work: (client: pg.PoolClient) => Promise<void>) =>
    inTransaction(database.pools.owner, (client) => undoing(client, () => work(client)));

  /** What is wrong with the traces of the cells in some rows, all columns beside the key. */
  async function faultsOf(name: string, keys: ReportKey[], db = asPipeline()): Promise<string[]> {
    const definition = report(name);
    const columns = definition.columns.filter((column) => !definition.key.includes(column.name));
    const faults: string[] = [];
    const lane = async (forget: () => void): Promise<void> => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        forget();
        for (const column of columns) {
          const traced = await trace(db, definition, key, column.name);
          const found = [...cellFaults(column, traced), ...recordFaults(definition, traced)];
          faults.push(...found.map((fault) => `${column.name} of ${JSON.stringify(key)}: ${fault}`));
        }
      }
    };
    await remembering(db, (forget) => Promise.all([lane(forget), lane(forget)]));
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
      expect(await faultsOf(name, propertyCases(keys))).toEqual([]);
    },
  );

  it.each([
    ['amount', 'reporting.genre_report set budget = budget + 1', /^budget of .*: films make \d/],
    ['mean', 'reporting.genre_report set average_popularity = 9', /^average_popularity of .*: films make \d/],
    [
      'name',
      "reporting.genre_report set genre_name = 'x'",
      /^genre_name of .*: its record names it otherwise$/,
    ],
    [
      'record',
      'support.contribution_genre_report set record_number = record_number + 1',
      /has not its record$/,
    ],
  ])('would be found out when its %s were not what is behind it', async (_what, change, fault) => {
    await undone(async (client) => {
      const [table] = change.split(' ');
      const { rows } = await client.query(
        `update ${change} where ctid = (select min(ctid) from ${table} where budget is not null)
         returning year, genre_id`,
      );
      const found = await faultsOf('genre_report', rows, client);
      expect(found.filter((one) => fault.test(one)).length).toBeGreaterThan(0);
    });
  });

  it.each([
    ['rating', 'update warehouse.movie_ratings set rating = 5.5 - rating', 'the ratings make'],
    ['count', 'delete from warehouse.movie_ratings', 'other ratings are counted than are there'],
    [
      'link',
      'update warehouse.movie_links set record_number = record_number + 1',
      'a link is of another film',
    ],
  ])('would be found out when the %s of its ratings were another', async (_what, change, fault) => {
    await undone(async (client) => {
      const { rows } = await client.query(
        `select links.movie_id, links.movielens_id from warehouse.movie_links as links
         join support.contribution_movie_score_report on entity = links.movie_id
         where not links.deleted and calculated_vote_count = 1 order by 1 limit 1`,
      );
      const [{ movie_id, movielens_id }] = rows;
      await client.query(`${change} where not deleted and movielens_id = $1`, [movielens_id]);
      expect(await faultsOf('movie_score_report', [{ movie_id }], client)).toContainEqual(
        expect.stringContaining(fault),
      );
    });
  });

  it.each([
    ['movie_genre_report', 'genre_id', 2, 226644],
    ['production_company_movies_report', 'production_company_id', 9, 238141],
    ['production_company_movies_report', 'production_company_id', 12, 260985],
  ])(
    'of %s with %s %i is traced to the other record of film %i that says so',
    async (name, column, id, film) => {
      const key = { [column]: id, movie_id: film };
      const { entities } = await trace(asPipeline(), report(name), key);
      const [{ raw, links }] = entities as [TracedEntity];
      expect(listedIn({ raw } as TracedRow, column)).not.toHaveProperty(String(id));
      expect(links).toMatchObject([{ key: { [column]: String(id), movie_id: String(film) } }]);
      expect(listedIn(links[0], column)).toHaveProperty(String(id));
      expect([links[0]!.period, links[0]!.record]).not.toEqual([entities[0]!.period, entities[0]!.record]);

      await undone(async (client) => {
        await client.query(
          `update warehouse.${links[0]!.table} set record_number = $1 where version_id = $2`,
          [links[0]!.record + 1, links[0]!.version],
        );
        expect(await faultsOf(name, [key], client)).toContainEqual(
          expect.stringContaining(`the record of film ${film} does not list its ${column}`),
        );
      });
    },
  );
});

/**
 * Runs work with a database that answers each statement of traces once: most of a row's trace is the same for each of its columns, and the
 * mapping is the same for every row. The connection itself is changed, since a ledger only knows connections that it was given.
 */
async function remembering<T>(db: Queryable, work: (forget: () => void) => Promise<T>): Promise<T> {
  const answers = new Map<string, Promise<pg.QueryResult>>();
  const mappings = new Map<string, Promise<pg.QueryResult>>();
  const ask = db.query.bind(db) as (...statement: unknown[]) => Promise<pg.QueryResult>;
  const isOwn = Object.hasOwn(db, 'query');
  const before = db.query;
  db.query = ((...statement: unknown[]) => {
    const question = JSON.stringify(statement);
    const isOfMapping =
      question.includes('/* ledger.DataMapping_') || question.includes('/* ledger.MappingVersion_');
    if (!isOfMapping && !question.includes('/* reporting.')) return ask(...statement);
    const known = isOfMapping ? mappings : answers;
    const answer = known.get(question) ?? ask(...statement);
    known.set(question, answer);
    return answer.then((result) => ({ ...result, rows: structuredClone(result.rows) }));
  }) as typeof db.query;
  try {
    return await work(() => answers.clear());
  } finally {
    if (isOwn) db.query = before;
    else Reflect.deleteProperty(db, 'query');
  }
}

/** Films without the record that says what they bring, or without the one that lists them where they are shown. */
function recordFaults({ key: columns }: ReportDefinition, { key, entities }: Trace): string[] {
  return entities.flatMap(({ entity, raw, version, record, mappingVersion, file, counted, why, links }) => {
    const isTraced =
      Number(raw?.id) === entity &&
      version > 0 &&
      record > 0 &&
      mappingVersion === 1 &&
      file === 'movies_metadata.csv' &&
      counted === (why === null);
    const faults = isTraced ? [] : [`film ${entity} has not its record`];
    for (const column of columns.filter((name) => name in lists)) {
      const link = links.find(({ key: of }) => column in of);
      if (Number(link?.raw?.id) !== entity || !(String(key[column]) in listedIn(link, column)))
        faults.push(`the record of film ${entity} does not list its ${column}`);
    }
    return faults;
  });
}

/** Whether a cell follows from what is shown behind it. */
function cellFaults(column: ReportColumn, traced: Trace): string[] {
  const { row, entities } = traced;
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
  if (column.name.startsWith('calculated_') || column.name === 'movie_score')
    return voteFaults(column.name, value, traced);
  // A share is made of an amount of the film: there is none where that is unknown.
  if (column.basis !== undefined && column.nullable && (value === null) !== (counted.length === 0))
    return ['other films count'];
  return textFaults(column.name, value, traced);
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

/** Whether the ratings of all files make up the cell, and are of the film. */
function voteFaults(name: string, value: string | null, { entities, ofAll }: Trace): string[] {
  const [{ entity, amounts, links, summed }] = entities as [TracedEntity];
  const files = summed!.files;
  const faults = links.some(({ raw }) => Number(raw!.tmdbId) !== entity) ? ['a link is of another film'] : [];
  const examples = files.flatMap(({ key, examples: shown }) => shown.map(({ raw }) => ({ key, raw })));
  if (files.length > 0 && examples.length === 0) faults.push('no rating is shown');
  for (const { key, raw } of examples) {
    if (
      raw!.movieId !== key.movielens_id ||
      !links.some((link) => link.key.movielens_id === key.movielens_id)
    )
      faults.push('a rating is of another film');
    if (raw!.userId !== '***') faults.push('a rater is shown');
  }
  const count = Fraction.of(files.reduce((total, file) => total + file.count, 0));
  const sum = files
    .reduce((total, file) => total.plus(Fraction.parse(file.sum)!), Fraction.zero)
    .times(Fraction.of(2));
  if (summed!.missing !== 0 || count.toFixed(0) !== amounts.calculated_vote_count)
    faults.push('other ratings are counted than are there');
  const isUnrated = count.toFixed(0) === '0';
  const reported = Fraction.parse(amounts.reported_vote_average ?? '');
  const reportedCount = Fraction.parse(amounts.reported_vote_count ?? '0')!;
  const v = reported ? count.plus(reportedCount) : count;
  const votes = reported ? sum.plus(reported.times(reportedCount)) : sum;
  const [m, allCount, allSum] = [ofAll.m, ofAll.vote_count_of_all, ofAll.vote_sum_of_all].map((made) =>
    Fraction.parse(made ?? ''),
  );
  const cells: Record<string, () => string | null> = {
    calculated_vote_count: () => count.toFixed(0),
    calculated_vote_average: () => (isUnrated ? null : sum.over(count).toFixed(2)),
    movie_score: () =>
      v.toFixed(0) === '0'
        ? null
        : votes
            .plus(m!.times(allSum!.over(allCount!)))
            .over(v.plus(m!))
            .toFixed(4),
  };
  const made = cells[name]!();
  if (made !== value) faults.push(`the ratings make ${made}, but it is ${value}`);
  return faults;
}

/** What a record says in so many words. */
const sent: Record<string, string> = {
  movie_name: 'title',
  release_date: 'release_date',
};
/** Where a record lists what it is linked to, by the column of its number. */
const lists: Record<string, string> = {
  genre_id: 'genres',
  production_company_id: 'production_companies',
};

/** The names that the record behind a row lists, by number. */
function listedIn(row: TracedRow | undefined, column: string): Record<string, unknown> {
  const entries = keyedEntries(row?.raw?.[lists[column]!] ?? undefined, ['name']);
  return Object.fromEntries(entries.map(([id, { name }]) => [id, name]));
}

function textFaults(name: string, value: string | null, { row, entities, shown }: Trace): string[] {
  const faults: string[] = [];
  for (const { entity, raw, file, record } of entities) {
    if (name in sent && (raw![sent[name]!] || null) !== value)
      faults.push(`film ${entity} was sent otherwise`);
    if (name === 'source_file' && value !== file) faults.push(`film ${entity} is of ${file}`);
    if (name === 'source_record' && Number(value) !== record) faults.push(`film ${entity} is of ${record}`);
    if (name === 'reported_vote_count' && Number(raw!.vote_count) !== Number(value))
      faults.push('other votes');
  }
  const id = name.replace(/_name$/, '_id');
  if (id in lists && (shown.length !== 1 || listedIn(shown[0], id)[row[id]!] !== value))
    faults.push('its record names it otherwise');
  return faults;
}
