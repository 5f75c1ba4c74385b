import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Contributions, ReportDefinition } from './definition.js';
import { type RelationText, readRelations, usedRelations } from './relations.js';

/** The rules by which the rows of a report are computed, as hashes: different rules have different hashes. */
export interface ReportRules {
  /** SHA-256 of the report's own description and SQL. */
  readonly own: string;
  /** SHA-256 of each relation that its SQL uses, by name. */
  readonly relations: Readonly<Record<string, string>>;
}

/** What identifies a definition. */
export interface DefinitionIdentity {
  /** SHA-256 of the rules and the checks: a different hash means that the report has to be built and checked again. */
  readonly hash: string;
  readonly rules: ReportRules;
}

/** SHA-256 of a definition, see `DefinitionIdentity`. */
export async function definitionHash(definition: ReportDefinition): Promise<string> {
  return (await definitionIdentity(definition)).hash;
}

/**
 * Identifies a definition by its description and all of its SQL, relations included. Paths of files do not count, nor do the
 * properties that are used for searches, traces and causes only. The relations of `touched` queries do not count either: these queries
 * find what the report's SQL depends on.
 */
export async function definitionIdentity(definition: ReportDefinition): Promise<DefinitionIdentity> {
  const {
    sqlFile,
    checks,
    contributions,
    relations,
    searchedNames: _searchedNames,
    ...described
  } = definition;
  const known = await readRelations(relations);
  const text = await readFile(sqlFile, 'utf8');
  const own = hashOf({
    ...described,
    columns: described.columns.map(
      ({
        basis: _basis,
        ofLeftOut: _ofLeftOut,
        parts: _parts,
        followsFrom: _followsFrom,
        isAmongRows: _isAmongRows,
        ...column
      }) => column,
    ),
    sql: text,
    ...(contributions === undefined ? {} : { contributions: await contributionsHashed(contributions) }),
  });
  const rules = { own, relations: hashedRelations(text, known) };
  const checked = await Promise.all(
    checks.map(async ({ sqlFile: file, ...check }) => {
      const query = await readFile(file, 'utf8');
      return { ...check, sql: query, relations: hashedRelations(query, known) };
    }),
  );
  return { hash: hashOf({ rules, checks: checked }), rules };
}

function hashedRelations(text: string, known: readonly RelationText[]): Record<string, string> {
  return Object.fromEntries(
    usedRelations(text, known)
      .map((relation) => [relation.name, hashOf(relation.text)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function hashOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

async function contributionsHashed({
  touched,
  rollups,
  entityVersion: _entityVersion,
  sources: _sources,
  summed: _summed,
  sideEffects: _sideEffects,
  ...described
}: Contributions) {
  return {
    ...described,
    touched: await Promise.all(touched.map((file) => readFile(file, 'utf8'))),
    rollups: await Promise.all(
      rollups.map(async ({ sqlFile, ...rollup }) => ({ ...rollup, sql: await readFile(sqlFile, 'utf8') })),
    ),
  };
}
