import { Fault } from '../../fault.js';
import { csvRecord } from './csv-record.js';
import {
  type DropFolderOptions,
  type FeedFiller,
  type FeedWriter,
  refuseUnwritable,
  type SampleDrop,
  writeDropFolder,
} from './drop-folder.js';
import { creditsLine } from './synthetic-credits.js';
import {
  type FilmIds,
  filmIds,
  filmRecord,
  hasBlankLink,
  keywordsRecord,
  linksRecord,
} from './synthetic-films.js';
import {
  planReturning,
  type ReturningRater,
  shareAmongUsers,
  type TimeSpan,
  type UserCounts,
  writeRatings,
  writeReturning,
} from './synthetic-ratings.js';
import { brokenByNewline, VENDOR_COLUMNS, type VendorFeed } from './vendor-feeds.js';

/** Size and periods of the synthetic drops. The real data set has 45,000 films and 26,000,000 ratings. */
export interface SyntheticSampleOptions extends DropFolderOptions {
  readonly movies: number;
  readonly ratings: number;
  /** Seed of the random numbers; 1 by default. */
  readonly seed?: number | undefined;
  /** Months of the full drop and the deltas. 2017-08 by default, and 2017-09 if `deltaShare` is set. */
  readonly periods?: readonly string[] | undefined;
  /** Share of the films and ratings that each delta month contains, 0 to 1; 0.01 by default. */
  readonly deltaShare?: number | undefined;
}

/** A fifth of a delta's films are new. A tenth of its ratings change an earlier one, three tenths are for new films. */
const NEW_FILMS = 0.2;
const CHANGED_RATINGS = 0.1;
const RATINGS_OF_NEW_FILMS = 0.3;

/** Time of MovieLens's first ratings, in Unix seconds. */
const FIRST_RATING = 822_873_600;

/**
 * Writes drops of invented films that resemble the real data set. At full size they have the same number of bytes per
 * file, similar values, the same skew (a few companies, people, films and users have most of the data) and the vendor's
 * irregularities: one film in 1,500 is sent twice, one in 15,000 is broken by a newline. The first period is the full drop;
 * each other one is a delta month of changed and new films and ratings. Apart from changed ratings, a user rates a film
 * only once. The same options produce the same bytes. At full size, Node needs 120 MB and 7 seconds on one core.
 *
 * @returns the drops, in the order in which to load them
 * @throws Fault if a number is out of range or a folder exists
 */
export async function writeSyntheticSample(options: SyntheticSampleOptions): Promise<SampleDrop[]> {
  const { movies, ratings, seed = 1, deltaShare } = options;
  const periods = options.periods ?? (deltaShare === undefined ? ['2017-08'] : ['2017-08', '2017-09']);
  refuseOutOfRange(movies, ratings, deltaShare ?? 0, periods);
  await refuseUnwritable(options, periods);
  const world: World = {
    seed,
    movies,
    ratings,
    deltaShare: deltaShare ?? 0.01,
    ids: filmIds(movies),
    users: shareAmongUsers(seed, ratings, movies, 1),
  };
  const drops: SampleDrop[] = [];
  let next: Delta = { number: 1, firstFilm: movies, firstUser: 1 + world.users.counts.length };
  for (const period of periods) {
    if (drops.length === 0) {
      drops.push(await writeDropFolder(options, period, fullDrop(world, period)));
    } else {
      const planned = planDelta(world, next);
      drops.push(await writeDropFolder(options, period, deltaDrop(world, planned, period)));
      next = planned.after;
    }
  }
  return drops;
}

interface World {
  readonly seed: number;
  readonly movies: number;
  readonly ratings: number;
  readonly deltaShare: number;
  readonly ids: FilmIds;
  readonly users: UserCounts;
}

/** The start of a delta: its number, starting at 1, and the first film and user that no drop contains yet. */
interface Delta {
  readonly number: number;
  readonly firstFilm: number;
  readonly firstUser: number;
}

interface PlannedDelta extends Delta {
  readonly changedFilms: readonly number[];
  readonly newFilms: readonly number[];
  readonly returning: readonly ReturningRater[];
  readonly newUsers: UserCounts;
  readonly after: Delta;
}

function fullDrop({ seed, movies, ids, users }: World, period: string): Record<VendorFeed, FeedFiller> {
  const films = Array.from({ length: movies }, (_, index) => index);
  return {
    movies_metadata: async (file) => {
      for (const index of films) {
        const record = filmRecord({ seed, index, revision: 0 }, ids);
        // If a film is sent twice, the last record counts; the first one has a different popularity.
        if (isRepeated(index)) await file.append(csvRecord(withPopularity(record, '0.5')), 1);
        const pieces = isBroken(index) ? brokenByNewline(record) : [record];
        for (const piece of pieces) await file.append(csvRecord(piece), 1);
      }
    },
    credits: async (file) => {
      for (const index of films) await file.append(creditsLine({ seed, index, revision: 0 }, ids), 1);
    },
    keywords: (file) => appendEach(file, films, (index) => keywordsRecord(seed, index, ids)),
    links: (file) => appendEach(file, films, (index) => linksRecord(index, 0, ids)),
    ratings: (file) => writeRatings(file, seed, users, movies, ids, [FIRST_RATING, monthSpan(period)[1]]),
  };
}

function deltaDrop(world: World, delta: PlannedDelta, period: string): Record<VendorFeed, FeedFiller> {
  const { seed, movies, ids, users } = world;
  const films = [
    ...delta.changedFilms.map((index) => ({ seed, index, revision: delta.number })),
    ...delta.newFilms.map((index) => ({ seed, index, revision: 0 })),
  ];
  const mentioned = films.map(({ index }) => index);
  const month = monthSpan(period);
  return {
    movies_metadata: (file) => appendEach(file, films, (film) => filmRecord(film, ids)),
    credits: async (file) => {
      for (const film of films) await file.append(creditsLine(film, ids), 1);
    },
    keywords: (file) => appendEach(file, mentioned, (index) => keywordsRecord(seed, index, ids)),
    links: async (file) => {
      const linked = films.filter(({ index, revision }) => revision === 0 || hasBlankLink(index));
      await appendEach(file, linked, ({ index, revision }) => linksRecord(index, revision, ids));
    },
    ratings: async (file) => {
      const known = { known: movies, added: delta.newFilms };
      await writeReturning(file, seed, users, delta.returning, known, ids, month, delta.number);
      await writeRatings(file, seed, delta.newUsers, movies, ids, month);
    },
  };
}

function planDelta({ seed, movies, ratings, deltaShare, users }: World, start: Delta): PlannedDelta {
  const films = Math.round(movies * deltaShare);
  const newCount = Math.round(films * NEW_FILMS);
  const changedCount = films - newCount;
  const count = Math.round(ratings * deltaShare);
  const ratingsPerNewFilm =
    newCount === 0 ? 0 : Math.min(Math.floor((count * RATINGS_OF_NEW_FILMS) / newCount), users.counts.length);
  const returning = planReturning(users, Math.floor(count * CHANGED_RATINGS), ratingsPerNewFilm);
  const changed = returning.reduce((sum, { changes }) => sum + changes, 0);
  const left = count - changed - ratingsPerNewFilm * newCount;
  const newUsers = shareAmongUsers(seed, left, movies, start.firstUser);
  return {
    ...start,
    changedFilms: Array.from({ length: changedCount }, (_, place) =>
      Math.floor((place * movies) / changedCount),
    ),
    newFilms: Array.from({ length: newCount }, (_, place) => start.firstFilm + place),
    returning,
    newUsers,
    after: {
      number: start.number + 1,
      firstFilm: start.firstFilm + newCount,
      firstUser: start.firstUser + newUsers.counts.length,
    },
  };
}

async function appendEach<T>(
  file: FeedWriter,
  items: readonly T[],
  recordOf: (item: T) => string[],
): Promise<void> {
  for (const item of items) await file.append(csvRecord(recordOf(item)), 1);
}

function isRepeated(index: number): boolean {
  return index % 1_500 === 700;
}

function isBroken(index: number): boolean {
  return index % 15_000 === 201;
}

function withPopularity(record: readonly string[], popularity: string): string[] {
  return record.with(VENDOR_COLUMNS.movies_metadata.indexOf('popularity'), popularity);
}

/** The first and last second of a month. */
function monthSpan(period: string): TimeSpan {
  const [year, month] = period.split('-').map(Number) as [number, number];
  return [Date.UTC(year, month - 1) / 1000, Date.UTC(year, month) / 1000 - 1];
}

function refuseOutOfRange(
  movies: number,
  ratings: number,
  deltaShare: number,
  periods: readonly string[],
): void {
  const complain = (text: string) => {
    throw new Fault('sample_size', text);
  };
  if (!Number.isInteger(movies) || movies < 1 || movies > 1_000_000) {
    complain(`The number of movies is ${movies}; expected an integer from 1 to 1,000,000.`);
  }
  if (!Number.isInteger(ratings) || ratings < 0 || ratings > 1_000_000_000) {
    complain(`The number of ratings is ${ratings}; expected an integer from 0 to 1,000,000,000.`);
  }
  if (!(deltaShare >= 0 && deltaShare <= 1)) {
    complain(`The share of a delta month is ${deltaShare}; expected a number from 0 to 1.`);
  }
  if (periods.length === 0 || new Set(periods).size < periods.length) {
    complain(`The periods are "${periods.join(', ')}"; expected one or more different months.`);
  }
}
