import { Draw, seedOf } from './draw.js';
import { pythonFloat, pythonRepr } from './python-repr.js';
import { COUNTRIES, GENRES, LANGUAGES } from './synthetic-words.js';
import {
  drawCollection,
  drawCompany,
  drawKeyword,
  drawText,
  drawTitle,
  picturePath,
} from './synthetic-world.js';
import { inVendorOrder } from './vendor-feeds.js';

/** The ids of a synthetic sample. The same for all of its drops. */
export interface FilmIds {
  /** The vendor's id of film number `index`, starting at 0. */
  tmdb(index: number): number;
  /** Its MovieLens id. Increases with the index; low ids are close together and belong to the most rated films. */
  movielens(index: number): number;
}

/** Ids for `films` films and as many later ones. Real ids go up to 470,000 and 176,000. */
export function filmIds(films: number): FilmIds {
  // A multiple of the step plus one has no factor in common with it, so no two films get the same id.
  const step = 48_271;
  const span = step * Math.max(10, Math.ceil((films * 10) / step)) + 1;
  const dense = Math.floor(films / 5);
  return {
    tmdb: (index) => 2 + ((index * step) % span),
    movielens: (index) => 1 + index + Math.max(0, Math.floor((index - dense) * 3.65)),
  };
}

/** The content of a movies_metadata record: the film, and which version of it (0 is the first). */
export interface FilmVersion {
  readonly seed: number;
  readonly index: number;
  readonly revision: number;
}

const FACTS = 1;
const FIGURES = 2;
const KEYWORDS = 3;

/** A synthetic movies_metadata record. A later revision has different numbers, and one in three a new title. */
export function filmRecord({ seed, index, revision }: FilmVersion, ids: FilmIds): string[] {
  const facts = new Draw(seedOf(seed, FACTS, index));
  const figures = new Draw(seedOf(seed, FIGURES, index, revision));
  const fame = facts.fraction() ** 4;
  const title = drawTitle(facts);
  const language = facts.chance(0.7) ? LANGUAGES[0]! : facts.of(LANGUAGES);
  const votes = Math.floor(2 + 40 * fame + 14_000 * fame ** 6 * figures.fraction());
  return inVendorOrder({
    adult: facts.chance(0.0002) ? 'True' : 'False',
    belongs_to_collection: facts.chance(0.11) ? collectionOf(facts) : '',
    budget: facts.chance(0.1 + 0.5 * fame) ? String((1 + figures.below(300)) * 250_000) : '0',
    genres: pythonRepr(distinctOf(facts, GENRES, facts.below(5)).map(([id, name]) => ({ id, name }))),
    homepage: facts.chance(0.18) ? `http://www.example.com/film/${index}` : '',
    id: String(ids.tmdb(index)),
    imdb_id: `tt${imdbIdOf(index)}`,
    original_language: language[0],
    original_title: title,
    overview: overviewOf(facts),
    popularity: floatText(Math.round((0.001 + 20 * fame * figures.fraction()) * 1e6) / 1e6),
    poster_path: picturePath(index),
    production_companies: pythonRepr(companiesOf(facts)),
    production_countries: pythonRepr(
      distinctOf(facts, COUNTRIES, facts.below(3)).map(([code, name]) => ({ iso_3166_1: code, name })),
    ),
    release_date: releaseDateOf(facts),
    revenue: facts.chance(0.06 + 0.5 * fame) ? String(1 + figures.below(400_000_000)) : '0',
    runtime: facts.chance(0.006) ? '' : floatText(60 + facts.below(90)),
    spoken_languages: pythonRepr([{ iso_639_1: language[0], name: language[1] }]),
    status: facts.chance(0.985) ? 'Released' : facts.of(['', 'Rumored', 'Post Production', 'In Production']),
    tagline: facts.chance(0.45) ? drawText(facts, 10 + facts.below(70)) : '',
    title: revision > 0 && figures.chance(0.33) ? `${title} (version ${revision + 1})` : title,
    video: facts.chance(0.004) ? 'True' : 'False',
    vote_average: floatText(Math.round(10 + figures.below(90)) / 10),
    vote_count: String(votes),
  });
}

/** A synthetic keywords record. Three in ten films have no keywords. */
export function keywordsRecord(seed: number, index: number, ids: FilmIds): string[] {
  const draw = new Draw(seedOf(seed, KEYWORDS, index));
  const count = draw.chance(0.3) ? 0 : 1 + draw.below(8);
  const keywords = new Map(
    Array.from({ length: count }, () => drawKeyword(draw)).map(({ id, name }) => [id, name]),
  );
  return [String(ids.tmdb(index)), pythonRepr([...keywords].map(([id, name]) => ({ id, name })))];
}

/** A synthetic links record. One in 200 films has no TMDB id at first. */
export function linksRecord(index: number, revision: number, ids: FilmIds): string[] {
  const tmdbId = hasBlankLink(index) && revision === 0 ? '' : String(ids.tmdb(index));
  return [String(ids.movielens(index)), imdbIdOf(index), tmdbId];
}

/** Whether the film's first link has no TMDB id. */
export function hasBlankLink(index: number): boolean {
  return index % 200 === 150;
}

function imdbIdOf(index: number): string {
  return String(10_000 + index * 53).padStart(7, '0');
}

function collectionOf(draw: Draw): string {
  const { id, name } = drawCollection(draw);
  const backdrop = id % 3 === 0 ? null : picturePath(-id);
  return pythonRepr({ id, name, poster_path: picturePath(id), backdrop_path: backdrop });
}

function companiesOf(draw: Draw): { name: string; id: number }[] {
  const count = draw.chance(0.25) ? 0 : Math.floor(1 + 5 * draw.fraction() ** 2);
  const companies = new Map(
    Array.from({ length: count }, () => drawCompany(draw)).map(({ id, name }) => [id, name]),
  );
  return [...companies].map(([id, name]) => ({ name, id }));
}

/** 320 characters on average, at most 1,000. One in 300 contains a correctly quoted newline. */
function overviewOf(draw: Draw): string {
  if (draw.chance(0.025)) return '';
  const text = drawText(draw, 40 + Math.floor(940 * draw.fraction() ** 2.1));
  return draw.chance(0.003) ? text.replace('. ', '.\n') : text;
}

function releaseDateOf(draw: Draw): string {
  if (draw.chance(0.002)) return '';
  const year = 2018 - Math.floor(1 + 100 * draw.fraction() ** 2.5);
  return `${year}-${String(1 + draw.below(12)).padStart(2, '0')}-${String(1 + draw.below(28)).padStart(2, '0')}`;
}

function distinctOf<T>(draw: Draw, items: readonly T[], count: number): T[] {
  const chosen = new Set<T>();
  for (let tries = 0; tries < count; tries += 1) {
    chosen.add(items[Math.floor(items.length * draw.fraction() ** 2)]!);
  }
  return [...chosen];
}

function floatText(value: number): string {
  return pythonRepr(pythonFloat(value));
}
