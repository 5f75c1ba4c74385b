import type { DataSet } from '../data-set.js';
import { feeds } from './feeds.js';
import { initialMapping } from './mapping.js';
import { referenceTables } from './reference.js';
import { reports } from './reports/reports.js';

/** The movie data set, as passed to the engine. */
export const movies: DataSet = {
  name: 'movies',
  feeds,
  mapping: initialMapping,
  reference: referenceTables(),
  names: {
    movies: 'title',
    collections: 'name',
    genres: 'name',
    production_companies: 'name',
    keywords: 'name',
  },
  reports,
};
