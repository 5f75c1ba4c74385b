import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Fault } from '../../fault.js';

/** A real film from the npm package vega-datasets. Money is in US dollars; null means unknown. */
export interface VegaFilm {
  /** Position in the package's list, starting at 0. Used to make ids. */
  readonly index: number;
  readonly title: string | null;
  readonly budget: number | null;
  readonly revenue: number | null;
  /** YYYY-MM-DD. */
  readonly releaseDate: string;
  /** Minutes. */
  readonly runtime: number | null;
  readonly companies: readonly string[];
  readonly director: string | null;
  readonly genres: readonly string[];
  readonly keywords: readonly string[];
  /** Mean IMDB vote, 1 to 10. */
  readonly voteAverage: number | null;
  readonly voteCount: number | null;
}

interface PackageFilm {
  readonly Title: string | number | null;
  readonly 'Worldwide Gross': number | null;
  readonly 'Production Budget': number | null;
  readonly 'Release Date': string;
  readonly 'Running Time min': number | null;
  readonly Distributor: string | null;
  readonly Source: string | null;
  readonly 'Major Genre': string | null;
  readonly 'Creative Type': string | null;
  readonly Director: string | null;
  readonly 'IMDB Rating': number | null;
  readonly 'IMDB Votes': number | null;
}

/**
 * The films of vega-datasets, in the package's order. The package does not export the path of its data, so it is derived
 * from the path of its main file.
 * @throws Fault `sample_films_missing` if the data does not exist; `sample_film_date` if a date is unreadable
 */
export async function readVegaFilms(): Promise<VegaFilm[]> {
  const path = fileURLToPath(new URL('../data/movies.json', import.meta.resolve('vega-datasets')));
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Fault(
      'sample_films_missing',
      `The films of the sample do not exist at ${path}. Install the package vega-datasets again with "npm ci".`,
      { cause: error },
    );
  });
  return (JSON.parse(text) as PackageFilm[]).map(filmOf);
}

function filmOf(film: PackageFilm, index: number): VegaFilm {
  return {
    index,
    // Nine titles are numbers in the package ("1776"), and one film has no title.
    title: film.Title === null ? null : repairText(String(film.Title)),
    budget: film['Production Budget'] || null,
    revenue: film['Worldwide Gross'] || null,
    releaseDate: releaseDateOf(film['Release Date']),
    runtime: film['Running Time min'],
    companies: companiesOf(film.Distributor),
    // The nickname of one director has doubled quotes, probably from a CSV file.
    director: film.Director === null ? null : film.Director.replaceAll('""', '"'),
    genres: genresOf(film),
    keywords: [film.Source, film['Creative Type']].filter((word) => word !== null),
    voteAverage: film['IMDB Rating'],
    voteCount: film['IMDB Votes'] || null,
  };
}

/**
 * The package's list is from autumn 2010, and the latest film announced at that time was for December 2011. Later years
 * are two-digit years in the wrong century: "Gone with the Wind" is dated 2039.
 */
const LAST_ANNOUNCED_YEAR = 2011;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Converts "Jun 12 1998", the format of all dates in the package, to 1998-06-12, in the correct century. */
export function releaseDateOf(written: string): string {
  const found = /^([A-Z][a-z]{2}) (\d{2}) (\d{4})$/.exec(written);
  const month = MONTHS.indexOf(found?.[1] ?? '') + 1;
  const [day, writtenYear] = [Number(found?.[2]), Number(found?.[3])];
  const year = writtenYear > LAST_ANNOUNCED_YEAR ? writtenYear - 100 : writtenYear;
  const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  if (month === 0 || new Date(`${date}T00:00:00Z`).toJSON()?.slice(0, 10) !== date) {
    throw new Fault(
      'sample_film_date',
      `A film of vega-datasets has the release date "${written}", expected one like "Jun 12 1998": ` +
        'install the version of the package in package-lock.json.',
    );
  }
  return date;
}

/** If two or three companies share a release, their names are separated by slashes ("Miramax/Dimension"). */
function companiesOf(distributor: string | null): string[] {
  return distributor === null || distributor === 'Distributor Unknown' ? [] : distributor.split('/');
}

/** The main genre of the package, and a second one if the creative type is also the name of a genre. */
function genresOf(film: PackageFilm): string[] {
  const second = ['Science Fiction', 'Fantasy'].filter((genre) => genre === film['Creative Type']);
  return film['Major Genre'] === null ? second : [film['Major Genre'], ...second];
}

/** Windows text that was decoded as Macintosh text: all of the wrong characters in the package's titles. */
const MISREAD = new Map(
  Object.entries({ È: 'é', Ë: 'è', Í: 'ê', Î: 'ë', Û: 'ó', '·': 'á', '‡': 'à', '‰': 'ä', Ù: 'ô' }),
)
  .set('˘', 'ù')
  .set('Ω', '½')
  .set('Ö', '…');

function repairText(text: string): string {
  return Array.from(text, (character) => MISREAD.get(character) ?? character).join('');
}
