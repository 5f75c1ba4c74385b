import { Fault } from '../../fault.js';
import type { VegaFilm } from './vega-films.js';

/** What the delta month does to one film; the film is named as the package has it. */
interface Correction {
  readonly title: string;
  readonly releaseDate: string;
  /** What the full drop says instead; the delta then brings what the package says. */
  readonly asFirstSent: Partial<Omit<VegaFilm, 'index'>>;
}

/**
 * The mistakes of the full drop, one of each kind that a report can change by. The delta month puts them right,
 * so that after both drops everything is as in the package. The first values are made up for this purpose,
 * except the two grosses, which are the package's US figures.
 */
const CORRECTIONS: readonly Correction[] = [
  // A budget corrected upwards, and one that was unknown.
  { title: 'Scott Pilgrim vs. The World', releaseDate: '2010-08-13', asFirstSent: { budget: 60_000_000 } },
  { title: 'The Expendables', releaseDate: '2010-08-13', asFirstSent: { budget: null, director: null } },
  // A revenue newly known, and two grown from the US gross to the worldwide gross.
  { title: 'The Town', releaseDate: '2010-09-17', asFirstSent: { revenue: null } },
  { title: 'Resident Evil: Afterlife 3D', releaseDate: '2010-09-10', asFirstSent: { revenue: 46_368_993 } },
  { title: "The Sorcerer's Apprentice", releaseDate: '2010-07-14', asFirstSent: { revenue: 62_492_818 } },
  // Another title; another company; a partner added.
  { title: 'Alpha and Omega 3D', releaseDate: '2010-09-17', asFirstSent: { title: 'Alpha and Omega' } },
  { title: 'Eat Pray Love', releaseDate: '2010-08-13', asFirstSent: { companies: ['Columbia'] } },
  { title: 'Easy A', releaseDate: '2010-09-17', asFirstSent: { companies: ['Screen Gems'] } },
  // Another genre; a release moved to another year; more votes and so another popularity.
  { title: 'The Kids Are All Right', releaseDate: '2010-07-09', asFirstSent: { genres: ['Drama'] } },
  { title: 'The Oxford Murders', releaseDate: '2010-08-06', asFirstSent: { releaseDate: '2008-01-18' } },
  { title: 'Inception', releaseDate: '2010-07-16', asFirstSent: { voteAverage: 9, voteCount: 150_000 } },
];

/** Films the vendor mentions first in the delta month. */
const FIRST_IN_DELTA = ['How Do You Know?', 'Never Let Me Go', '16 to Life'];

/** The film whose record a newline breaks in the full drop; the delta brings it whole. */
const BROKEN = 'Lottery Ticket';

/** The delta month repeats the films released from this day on, changed or not. */
const DELTA_FROM = '2010-07-01';

/** Two remakes of one name: the full drop links the older film's ratings to the newer film. */
const MISLINKED = { title: 'Crash', releaseDate: '1996-10-04', linkedTo: '2005-05-06' };

/** A film whose link is blank in the full drop and known in the delta. */
const LINKED_LATE = 'Despicable Me';

/** Which films go into which drop, and as what. */
export interface VegaPlan {
  /** The films of the full drop as it states them. */
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
 * Sorts the films into the two drops. `deltaUntil` is the last day of the full drop's period: what is only
 * announced for later, the delta does not mention. Throws a Fault when the package lacks a film named above.
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
        'install the version that package-lock.json names.',
    );
  }
  return found[0]!;
}
