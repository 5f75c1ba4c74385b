import { fileURLToPath } from 'node:url';
import type { Relation } from '../../reporting/definition/definition.js';

/** The business rules that several reports and checks have in common. Each is stated in the file with its name, and only there. */
export const relations: readonly Relation[] = ['films_with_money', 'film_releases'].map((name) => ({
  name,
  sqlFile: fileURLToPath(new URL(`${name}.sql`, import.meta.url)),
}));
