import { readFile } from 'node:fs/promises';
import { ident, joined, sql } from '../../database/sql.js';
import { placeholdersOf, type SqlTemplate, sqlTemplate } from '../../database/sql-file.js';
import { Fault } from '../../fault.js';
import type { Relation } from './definition.js';

/** A relation with the text of its .sql file. */
export interface RelationText {
  readonly name: string;
  readonly text: string;
  /** What to call the text in an error. */
  readonly source: string;
}

/** Reads the .sql files of relations, which may change while the process runs. */
export async function readRelations(relations: readonly Relation[] = []): Promise<RelationText[]> {
  return Promise.all(
    relations.map(async ({ name, sqlFile }) => ({
      name,
      text: await readFile(sqlFile, 'utf8'),
      source: `The relation ${name}`,
    })),
  );
}

/**
 * The relations that a query selects from, directly or through other relations. Each comes after those that it selects from.
 * @throws Fault `relation_cycle` when a relation selects from itself, directly or through others
 */
export function usedRelations(text: string, relations: readonly RelationText[]): RelationText[] {
  const used = new Set<RelationText>();
  const follow = (query: string, path: readonly RelationText[]): void => {
    for (const name of placeholdersOf(query)) {
      const relation = relations.find((candidate) => candidate.name === name);
      if (relation === undefined || used.has(relation)) continue;
      const entered = path.indexOf(relation);
      if (entered >= 0) throw cycle([...path.slice(entered), relation]);
      follow(relation.text, [...path, relation]);
      used.add(relation);
    }
  };
  follow(text, []);
  return [...used];
}

function cycle(path: readonly RelationText[]): Fault {
  const names = path.map(({ name }) => name);
  return new Fault(
    'relation_cycle',
    `The relation ${names[0]} selects from itself: ${names.join(' -> ')}. Remove one of these steps.`,
  );
}

/**
 * Reads placeholders from the SQL of a data set. The relations that it uses become common table expressions, which Postgres plans as
 * part of the query.
 * @param source what to call the SQL in an error
 * @throws Fault `relation_cycle`; when filled, Fault `placeholder_unknown` for a placeholder that is neither a parameter nor a relation
 */
export function templateWithRelations(
  text: string,
  source: string,
  relations: readonly RelationText[],
): SqlTemplate {
  const used = usedRelations(text, relations);
  const template = sqlTemplate(text, source);
  const heads = used.map((relation) => ({
    ...relation,
    template: sqlTemplate(relation.text, relation.source),
  }));
  return (values = {}) => {
    for (const query of [...used, { text, source }]) requireKnown(query, values, relations);
    const all = { ...values, ...Object.fromEntries(used.map(({ name }) => [name, ident(name)])) };
    if (heads.length === 0) return template(all);
    const inlined = heads.map(
      (relation) => sql`${ident(relation.name)} as not materialized (\n${relation.template(all)}\n)`,
    );
    return sql`with ${joined(inlined, ',\n')}\nselect * from (\n${template(all)}\n) as statement`;
  };
}

function requireKnown(
  { text, source }: Pick<RelationText, 'text' | 'source'>,
  values: Readonly<Record<string, unknown>>,
  relations: readonly RelationText[],
): void {
  const names = relations.map(({ name }) => name);
  const parameters = Object.keys(values).filter((name) => values[name] !== undefined);
  const unknown = placeholdersOf(text).find((name) => !names.includes(name) && !parameters.includes(name));
  if (unknown === undefined) return;
  throw new Fault(
    'placeholder_unknown',
    `${source} has an unknown placeholder {{ ${unknown} }}. Relations: ${names.join(', ') || 'none'}. ` +
      `Parameters of this query: ${parameters.join(', ') || 'none'}.`,
  );
}

/** The same relations as they were on the earlier as-of day, under the names `earlier_<name>`. */
export function onEarlierDay(relations: readonly RelationText[]): RelationText[] {
  const renamed = new Set(['as_of_day', ...relations.map(({ name }) => name)]);
  return relations.map(({ name, text, source }) => ({
    name: `earlier_${name}`,
    text: text.replace(/\{\{ *(\w+) *\}\}/g, (whole, placeholder: string) =>
      renamed.has(placeholder) ? `{{ earlier_${placeholder} }}` : whole,
    ),
    source,
  }));
}
