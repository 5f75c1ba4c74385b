import type { DataSet } from '../data-set.js';
import { feeds } from './feeds.js';
import { initialMapping } from './mapping.js';
import { referenceTables } from './reference.js';
import { reports } from './reports/reports.js';

/** The movie data set: what the engine is given to work with. */
export const movies: DataSet = {
  name: 'movies',
  feeds,
  mapping: initialMapping,
  reference: referenceTables(),
  reports,
};
