import { Draw, seedOf } from './draw.js';
import type { VegaFilm } from './vega-films.js';
import { movielensIdOf } from './vega-ids.js';

interface DrawnRating {
  readonly user: number;
  readonly movielensId: number;
  /** Half stars, 1 to 10. */
  readonly halfStars: number;
  /** Unix seconds. */
  readonly time: number;
}

/** Prime, so that any stride through the users visits each of them before one is repeated. */
const USERS = 4_999;
/** MovieLens received its first ratings in 1996. */
const FIRST_RATING_DAY = '1996-01-29';
/** Purposes of random numbers: a film's raters, their first ratings, and those changed in the delta month. */
const RATERS = 1;
const FIRST = 2;
const CHANGED = 3;

/**
 * The ratings of the full drop as records, sorted by user and film. The number of ratings of a film is the square root of
 * its votes divided by five: 2 for a hundred votes, 144 for the most votes, and about 80,000 in all, so that the sample
 * loads in seconds. They vary around its mean vote, between its release and the last day of the period.
 */
export function fullRatings(films: readonly VegaFilm[], lastDay: string): string[][] {
  return inOrder(
    films.flatMap((film) => drawRatings(film, 0, baseCount(film), FIRST, [FIRST_RATING_DAY, lastDay])),
  );
}

/**
 * The ratings of the delta month: a quarter more for the films that it contains, one more for every tenth other film, and
 * changed ratings by the first three raters of the films that it contains.
 */
export function deltaRatings(
  films: readonly VegaFilm[],
  mentioned: ReadonlySet<number>,
  firstInDelta: ReadonlySet<number>,
  days: readonly [string, string],
): string[][] {
  return inOrder(
    films.flatMap((film) => {
      const sent = firstInDelta.has(film.index) ? 0 : film.releaseDate < days[0] ? baseCount(film) : 0;
      if (sent === 0) return drawRatings(film, 0, baseCount(film), FIRST, days);
      if (!mentioned.has(film.index))
        return film.index % 10 === 0 ? drawRatings(film, sent, 1, FIRST, days) : [];
      return [
        ...drawRatings(film, 0, Math.min(3, sent), CHANGED, days),
        ...drawRatings(film, sent, Math.ceil(sent / 4), FIRST, days),
      ];
    }),
  );
}

function baseCount(film: VegaFilm): number {
  return film.voteAverage === null ? 0 : Math.round(Math.sqrt(film.voteCount ?? 0) / 5);
}

/** Ratings of the film's raters number `from` to `from + count`; empty if it is released after the last day. */
function drawRatings(
  film: VegaFilm,
  from: number,
  count: number,
  purpose: number,
  [firstDay, lastDay]: readonly [string, string],
): DrawnRating[] {
  const start = secondsAt(film.releaseDate > firstDay ? film.releaseDate : firstDay);
  const end = secondsAt(lastDay) + 86_400;
  if (start >= end) return [];
  const raters = new Draw(seedOf(RATERS, film.index));
  const firstRater = raters.below(USERS);
  const stride = 1 + raters.below(USERS - 1);
  return Array.from({ length: count }, (_, place) => {
    const draw = new Draw(seedOf(purpose, film.index, from + place));
    return {
      user: 1 + ((firstRater + (from + place) * stride) % USERS),
      movielensId: movielensIdOf(film),
      halfStars: drawHalfStars(draw, film.voteAverage!),
      time: start + draw.below(end - start),
    };
  });
}

/** A vote on a scale of ten is a number of half stars. Three dice make raters agree about as much as in reality. */
function drawHalfStars(draw: Draw, mean: number): number {
  const scatter = (draw.fraction() + draw.fraction() + draw.fraction() - 1.5) * 3.6;
  return Math.min(10, Math.max(1, Math.round(mean + scatter)));
}

function inOrder(ratings: DrawnRating[]): string[][] {
  ratings.sort((a, b) => a.user - b.user || a.movielensId - b.movielensId);
  return ratings.map(({ user, movielensId, halfStars, time }) => [
    String(user),
    String(movielensId),
    (halfStars / 2).toFixed(1),
    String(time),
  ]);
}

function secondsAt(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}
