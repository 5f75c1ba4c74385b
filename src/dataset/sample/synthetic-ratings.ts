import { Draw, mix, seedOf } from './draw.js';
import type { FeedWriter } from './drop-folder.js';
import type { FilmIds } from './synthetic-films.js';

/** The real file has 26.0 million ratings from 270,900 users. */
const RATINGS_PER_USER = 96.07;
const MOST_PER_USER = 18_276;
/**
 * How the number of ratings declines from the most to the least popular film: the share of film x of n is proportional to
 * 1 / (x + n / e^7). Since nobody rates a film twice, the most popular 1 % get a fifth of all ratings, and the less popular
 * half gets a tenth. Of a thousand real films, with some of the popular ones left out, that half has 8 %.
 */
const FAME = 7;
/** Of 256 ratings, the number with one half star, two, ... ten, as in the real file. */
const STARS_OF_256 = [4, 9, 4, 17, 13, 50, 31, 68, 22, 38];
const HALF_STARS = Uint8Array.from(
  STARS_OF_256.flatMap((count, index) => Array<number>(count).fill(index + 1)),
);
/**
 * Raters give many ratings within the same month: in the vendor's sample, a rating has 2 others of its rater in the same
 * month, of 7.7 in all years, so a month contains a quarter of a rater's ratings. A rater who returns and gives about 100
 * new ratings changes a third as many earlier ones.
 */
const CHANGES_IN_A_SITTING = 30;
const USERS = 21;
const RATINGS = 22;
/** Maximum length of a line: three numbers of up to ten digits, the stars, commas and the line end. */
const LINE_BYTES = 40;
const ZERO = 48;
const COMMA = 44;

/** Unix seconds, both inclusive. */
export type TimeSpan = readonly [first: number, last: number];

/** Number of ratings per user: user number `firstUser + place` gives `counts[place]` ratings. */
export interface UserCounts {
  readonly firstUser: number;
  readonly counts: Uint32Array;
}

/**
 * Distributes `ratings` over as many users as the real data would have. Most give few, a few give thousands, and nobody
 * rates more than four fifths of the films. The sum is exact.
 */
export function shareAmongUsers(seed: number, ratings: number, films: number, firstUser: number): UserCounts {
  const cap = Math.min(MOST_PER_USER, Math.max(1, Math.floor(films * 0.8)));
  const users = Math.max(Math.round(ratings / RATINGS_PER_USER), Math.ceil(ratings / cap));
  const draw = new Draw(seedOf(seed, USERS, firstUser));
  const weights = Float64Array.from({ length: users }, () => Math.exp(1.35 * normal(draw)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = new Uint32Array(users).fill(1);
  let [weighed, given, carried] = [0, 0, 0];
  for (let user = 0; user < users; user += 1) {
    weighed += weights[user]!;
    const upToHere = user === users - 1 ? ratings - users : Math.round(((ratings - users) * weighed) / total);
    const wanted = 1 + upToHere - given + carried;
    given = upToHere;
    counts[user] = Math.min(cap, wanted);
    carried = wanted - counts[user]!;
  }
  for (let user = 0; carried > 0; user += 1) {
    const more = Math.min(carried, cap - counts[user]!);
    counts[user]! += more;
    carried -= more;
  }
  return { firstUser, counts };
}

/**
 * Draws a user's ratings, always the same ones. `place` counts them from 0, and films are in ascending order. A user walks
 * through the films by popularity in steps of random length, shorter among the popular ones, and so rates no film twice.
 */
function forEachRating(
  seed: number,
  user: number,
  count: number,
  films: number,
  visit: (place: number, film: number, bits: number) => void,
): void {
  const start = seedOf(seed, RATINGS, user);
  let film = -1;
  for (let place = 0; place < count; place += 1) {
    const bits = mix(start + place);
    const fame = (place + (bits & 0xffff) / 0x1_0000) / count;
    const next = Math.floor((films * Math.expm1(FAME * fame)) / Math.expm1(FAME));
    film = Math.min(Math.max(film + 1, next), films - count + place);
    visit(place, film, bits);
  }
}

/** Writes all ratings of the given users, sorted by user and film, each at a time within the span. */
export async function writeRatings(
  file: FeedWriter,
  seed: number,
  users: UserCounts,
  films: number,
  ids: FilmIds,
  [first, last]: TimeSpan,
): Promise<void> {
  const lines = new RatingLines(file, ids, films);
  for (const [place, count] of users.counts.entries()) {
    const user = users.firstUser + place;
    const bits = mix(seedOf(seed, user));
    // Most users come once, some over years. Half of the ratings are in the last quarter of the time span.
    const began = first + Math.floor((last - first) * ((bits & 0xffff) / 0x1_0000) ** 0.6);
    const pace = bits >>> 30 === 0 ? 40_000 : 2;
    await lines.room(count);
    forEachRating(seed, user, count, films, (_, film, random) => {
      const time = Math.min(last, began + ((random >>> 24) * pace + (random & 1)));
      lines.add(user, film, HALF_STARS[(random >>> 16) & 0xff]!, time);
    });
  }
}

/** A rater who returns in a month, by place among the users, and what they rate. */
export interface ReturningRater {
  readonly place: number;
  /** Number of earlier ratings that are changed. */
  changes: number;
  /** Whether they rate the new films. */
  readonly ratesNewFilms: boolean;
}

/**
 * Chooses the raters who return in a month, evenly among the users: `ratersOfNewFilms` raters who rate each new film, and
 * as many more as are needed to change `changes` ratings with a usual number of changes each. There are fewer changes than
 * requested if the chosen raters do not have that many ratings.
 */
export function planReturning(
  { counts }: UserCounts,
  changes: number,
  ratersOfNewFilms: number,
): ReturningRater[] {
  const raters = Math.min(
    counts.length,
    Math.max(ratersOfNewFilms, Math.ceil(changes / CHANGES_IN_A_SITTING)),
  );
  const returning: ReturningRater[] = [];
  let left = changes;
  for (let turn = 0; turn < raters; turn += 1) {
    const place = Math.floor((turn * counts.length) / raters);
    const own = Math.min(counts[place]!, Math.ceil(left / (raters - turn)));
    const ratesNewFilms = isChosen(turn, ratersOfNewFilms, raters);
    returning.push({ place, changes: own, ratesNewFilms });
    left -= own;
  }
  for (const rater of returning) {
    const more = Math.min(left, counts[rater.place]! - rater.changes);
    rater.changes += more;
    left -= more;
  }
  return returning;
}

/** Whether number `place` of `all` is one of `count` evenly chosen ones. */
function isChosen(place: number, count: number, all: number): boolean {
  return Math.floor(((place + 1) * count) / all) > Math.floor((place * count) / all);
}

/**
 * Writes the ratings of the returning raters, sorted by user and film: some of their ratings with different stars, and
 * ratings of new films, each at a time within the span. `change` numbers the months, so that each month differs.
 */
export async function writeReturning(
  file: FeedWriter,
  seed: number,
  users: UserCounts,
  returning: readonly ReturningRater[],
  films: { readonly known: number; readonly added: readonly number[] },
  ids: FilmIds,
  [first, last]: TimeSpan,
  change: number,
): Promise<void> {
  const lines = new RatingLines(file, ids, films.known);
  for (const { place, changes, ratesNewFilms } of returning) {
    const user = users.firstUser + place;
    const count = users.counts[place]!;
    await lines.room(changes);
    forEachRating(seed, user, count, films.known, (which, film, bits) => {
      if (!isChosen(which, changes, count)) return;
      const before = HALF_STARS[(bits >>> 16) & 0xff]!;
      // One to eight steps further around the ten values: never the same stars, and different ones in the next month.
      lines.add(user, film, 1 + ((before + ((bits + change) & 7)) % 10), first + (bits % (last - first)));
    });
    for (const film of ratesNewFilms ? films.added : []) {
      const bits = mix(seedOf(seed, film, user));
      await lines.room(1);
      lines.add(user, film, HALF_STARS[bits & 0xff]!, first + ((bits >>> 8) % (last - first)));
    }
  }
}

/** Writes ratings into the file's block digit by digit: there are 26 million of them, with 27 bytes each. */
class RatingLines {
  readonly #file: FeedWriter;
  readonly #ids: FilmIds;
  readonly #known: Uint32Array;

  constructor(file: FeedWriter, ids: FilmIds, knownFilms: number) {
    this.#file = file;
    this.#ids = ids;
    this.#known = Uint32Array.from({ length: knownFilms }, (_, film) => ids.movielens(film));
  }

  /** Makes sure that this many lines fit. */
  async room(count: number): Promise<void> {
    if (this.#file.lacks(count * LINE_BYTES)) await this.#file.flush();
  }

  add(user: number, film: number, halfStars: number, time: number): void {
    const { block } = this.#file;
    let at = putNumber(block, this.#file.position, user);
    block[at++] = COMMA;
    at = putNumber(block, at, this.#known[film] ?? this.#ids.movielens(film));
    block[at++] = COMMA;
    block[at++] = ZERO + (halfStars >> 1);
    block[at++] = 46;
    block[at++] = halfStars & 1 ? ZERO + 5 : ZERO;
    block[at++] = COMMA;
    at = putNumber(block, at, time);
    block[at++] = 10;
    this.#file.position = at;
    this.#file.records += 1;
  }
}

/** Writes an integer below 2^32 and returns the position after it. */
function putNumber(block: Buffer, at: number, value: number): number {
  let rest = value >>> 0;
  let digits = 1;
  for (let power = 10; power <= rest && digits < 10; power *= 10) digits += 1;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const next = (rest / 10) >>> 0;
    block[place] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** A normally distributed number (Box-Muller transform). */
function normal(draw: Draw): number {
  return Math.sqrt(-2 * Math.log(1 - draw.fraction())) * Math.cos(2 * Math.PI * draw.fraction());
}
