import fc from 'fast-check';
import { addTo, emptyWorld, type Film, type FilmWorld } from './films.js';
import { Fraction } from './fraction.js';

/** Few values of each kind, so that ties, shared years and co-productions are common. */
const money = fc.constantFrom(
  null,
  '0',
  '1',
  '10',
  '0.01',
  '0.05',
  '1000000',
  '1250000.50',
  '99999999999999999999',
);
const popularity = fc.constantFrom(null, '0', '1.5', '2.000001', '0.3333335', '12.25', '1e-7');
const releaseDate = fc.constantFrom(
  null,
  '1995-10-30',
  '1995-12-31',
  '1996-01-01',
  '2017-08-31',
  '2017-09-01',
);
const status = fc.constantFrom('Released', '', 'Rumored', 'Post Production');
const subset = (size: number) => fc.uniqueArray(fc.integer({ min: 1, max: size }), { maxLength: 5 });

const film = fc.record({
  title: fc.constantFrom('Toy Story', 'Amélie', 'Say "Hi", Ho', null),
  budget: money,
  revenue: money,
  popularity,
  releaseDate,
  status,
  voteAverage: fc.constantFrom(null, '0', '7.7', '6.005', '10'),
  voteCount: fc.constantFrom(null, 0, 1, 2, 7, 5415),
  companies: subset(6),
  genres: subset(5),
  links: fc.integer({ min: 0, max: 2 }),
  ratings: fc.array(fc.constantFrom(null, '0.5', '3', '3.5', '5'), { maxLength: 4 }),
});

/** A small set of films, as of 2017-08-31. */
export const randomWorld: fc.Arbitrary<FilmWorld> = fc
  .array(film, { maxLength: 14 })
  .map((films) => films.reduce(addFilm, { ...emptyWorld(), asOfDay: '2017-08-31' }));

type FilmPlan = typeof film extends fc.Arbitrary<infer Plan> ? Plan : never;

function addFilm(world: FilmWorld, plan: FilmPlan): FilmWorld {
  const id = world.films.size + 1;
  world.films.set(id, filmOf(id, plan));
  for (const company of plan.companies) {
    world.companies.set(company, company === 6 ? null : `Company ${company}`);
    addTo(world.filmCompanies, id, company);
  }
  for (const genre of plan.genres) {
    // Upper case before lower case, and both before accents: sorted by bytes, not by the rules of a language.
    world.genres.set(genre, ['drama', 'Western', 'Ärzte', 'Drama', null][genre - 1]!);
    addTo(world.filmGenres, id, genre);
  }
  for (let link = 0; link < plan.links; link++) {
    const movielensId = id * 10 + link;
    world.links.set(movielensId, id);
    plan.ratings.forEach((rating, rater) => {
      world.ratings.set(`${rater} ${movielensId}`, {
        movielensId,
        rating: rating === null ? null : Fraction.parse(rating)!,
      });
    });
  }
  return world;
}

function filmOf(id: number, plan: FilmPlan): Film {
  const number = (value: string | null) => (value === null ? null : Fraction.parse(value)!);
  return {
    id,
    title: plan.title,
    budget: number(plan.budget),
    revenue: number(plan.revenue),
    popularity: number(plan.popularity),
    releaseDate: plan.releaseDate,
    status: plan.status,
    voteAverage: number(plan.voteAverage),
    voteCount: plan.voteCount,
    sourceFile: 'movies_metadata.csv',
    sourceRecord: id,
  };
}
