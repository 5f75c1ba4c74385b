import { Fault } from '../../fault.js';
import type { VegaFilm } from './vega-films.js';

/** A correction of one film in the delta month. The film has its title in the package. */
interface Correction {
  readonly title: string;
  readonly releaseDate: string;
  /** The values in the full drop. The delta then contains the values of the package. */
  readonly asFirstSent: Partial<Omit<VegaFilm, 'index'>>;
}

/**
 * The mistakes in the full drop, one for each kind of change in a report. The delta month corrects them, so that the data
 * equals the package after both drops. The wrong values are invented, except for the two grosses, which are the US values
 * of the package.
 */
const CORRECTIONS: readonly Correction[] = [
  // A budget that was too low, and one that was unknown.
  { title: 'Scott Pilgrim vs. The World', releaseDate: '2010-08-13', asFirstSent: { budget: 60_000_000 } },
  { title: 'The Expendables', releaseDate: '2010-08-13', asFirstSent: { budget: null, director: null } },
  // A revenue that was unknown, and two that were the US gross instead of the worldwide gross.
  { title: 'The Town', releaseDate: '2010-09-17', asFirstSent: { revenue: null } },
  { title: 'Resident Evil: Afterlife 3D', releaseDate: '2010-09-10', asFirstSent: { revenue: 46_368_993 } },
  { title: "The Sorcerer's Apprentice", releaseDate: '2010-07-14', asFirstSent: { revenue: 62_492_818 } },
  // A different title, a different company, an additional company.
  { title: 'Alpha and Omega 3D', releaseDate: '2010-09-17', asFirstSent: { title: 'Alpha and Omega' } },
  { title: 'Eat Pray Love', releaseDate: '2010-08-13', asFirstSent: { companies: ['Columbia'] } },
  { title: 'Easy A', releaseDate: '2010-09-17', asFirstSent: { companies: ['Screen Gems'] } },
  // An additional genre, a release moved to another year, and more votes with a different popularity.
  { title: 'The Kids Are All Right', releaseDate: '2010-07-09', asFirstSent: { genres: ['Drama'] } },
  { title: 'The Oxford Murders', releaseDate: '2010-08-06', asFirstSent: { releaseDate: '2008-01-18' } },
  { title: 'Inception', releaseDate: '2010-07-16', asFirstSent: { voteAverage: 9, voteCount: 150_000 } },
];

/** Films that the vendor sends for the first time in the delta month. */
const FIRST_IN_DELTA = ['How Do You Know?', 'Never Let Me Go', '16 to Life'];

/** The film whose record is broken by a newline in the full drop. The delta contains it intact. */
const BROKEN = 'Lottery Ticket';

/** The delta month repeats the films released on or after this day, changed or not. */
const DELTA_FROM = '2010-07-01';

/** Two films with the same title: the full drop links the older film's ratings to the newer film. */
const MISLINKED = { title: 'Crash', releaseDate: '1996-10-04', linkedTo: '2005-05-06' };

/** A film whose link is blank in the full drop and present in the delta. */
const LINKED_LATE = 'Despicable Me';

/** Which films each drop contains, and with which values. */
export interface VegaPlan {
  /** The films of the full drop, with their values there. */
  readonly full: readonly VegaFilm[];
  /** The films of the delta month, as in the package. */
  readonly delta: readonly VegaFilm[];
  readonly firstInDelta: ReadonlySet<number>;
  readonly broken: VegaFilm;
  /** The film whose MovieLens id the full drop links to `linkedTo`. */
  readonly mislinked: VegaFilm;
  readonly linkedTo: VegaFilm;
  readonly linkedLate: VegaFilm;
}

/**
 * Assigns the films to the two drops.
 * @param deltaUntil the last day of the full drop's period: the delta does not contain films announced for later
 * @throws Fault `sample_film_missing` if the package does not contain one of the films above
 */
export function planVegaDrops(films: readonly VegaFilm[], deltaUntil: string): VegaPlan {
  const firstSent = new Map<number, VegaFilm>();
  for (const { title, releaseDate, asFirstSent } of CORRECTIONS) {
    const film = find(films, title, releaseDate);
    firstSent.set(film.index, { ...film, ...asFirstSent });
  }
  const firstInDelta = new Set(FIRST_IN_DELTA.map((title) => find(films, title).index));
  return {
    full: films
      .filter(({ index }) => !firstInDelta.has(index))
      .map((film) => firstSent.get(film.index) ?? film),
    delta: films.filter(({ releaseDate }) => releaseDate >= DELTA_FROM && releaseDate <= deltaUntil),
    firstInDelta,
    broken: find(films, BROKEN),
    mislinked: find(films, MISLINKED.title, MISLINKED.releaseDate),
    linkedTo: find(films, MISLINKED.title, MISLINKED.linkedTo),
    linkedLate: find(films, LINKED_LATE),
  };
}

function find(films: readonly VegaFilm[], title: string, releaseDate?: string): VegaFilm {
  const found = films.filter(
    (film) => film.title === title && (releaseDate === undefined || film.releaseDate === releaseDate),
  );
  if (found.length !== 1) {
    throw new Fault(
      'sample_film_missing',
      `The package vega-datasets has ${found.length} films called "${title}", expected one: ` +
        'install the version in package-lock.json.',
    );
  }
  return found[0]!;
}
