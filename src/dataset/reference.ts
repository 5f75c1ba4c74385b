import { createRequire } from 'node:module';
import type { ReferenceTable } from '../warehouse/corrections/reference-data.js';

const require = createRequire(import.meta.url);

interface IsoCountries {
  registerLocale(locale: unknown): void;
  getNames(language: string): Record<string, string>;
}

interface IsoLanguages {
  getAllCodes(): string[];
  getName(code: string): string;
}

/** In the package, but user-assigned: ISO 3166-1 has no code for Kosovo. */
const userAssigned = new Set(['XK']);

/** The countries of ISO 3166-1 and the languages of ISO 639-1, from packages that follow the standards. */
export function referenceTables(): ReferenceTable[] {
  const countries: IsoCountries = require('i18n-iso-countries/index.js'); // The main entry loads the names in all languages.
  countries.registerLocale(require('i18n-iso-countries/langs/en.json'));
  const languages: IsoLanguages = require('iso-639-1');
  return [
    {
      table: 'production_countries',
      standard: 'ISO 3166-1 alpha-2',
      source: 'i18n-iso-countries',
      version: require('i18n-iso-countries/package.json').version,
      codes: Object.entries(countries.getNames('en'))
        .filter(([id]) => !userAssigned.has(id))
        .map(([id, name]) => ({ id, name })),
    },
    {
      table: 'spoken_languages',
      standard: 'ISO 639-1',
      source: 'iso-639-1',
      version: require('iso-639-1/package.json').version,
      codes: languages.getAllCodes().map((id) => ({ id, name: languages.getName(id) })),
    },
  ];
}
