import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type pg from 'pg';

/** A schema, a table, a sequence or a default right, described line by line. */
export interface DescribedObject {
  readonly name: string;
  /** Its columns, constraints, indexes, rights and so on; the same lines on every supported version of Postgres. */
  readonly facts: readonly string[];
  /** Whether the pipeline owns it. Every table that is created at run time belongs to the pipeline. */
  readonly ofPipeline: boolean;
}

const statement = new URL('schema-facts.sql', import.meta.url);

/**
 * Describes the schemas of the project as the database has them.
 *
 * @param client in a transaction; its search path is empty until the transaction ends
 */
export async function readSchemaFacts(client: pg.ClientBase): Promise<DescribedObject[]> {
  // With an empty search path, Postgres qualifies every name in a definition.
  await client.query(`/* database.qualify_names */ select set_config('search_path', '', true)`);
  const { rows } = await client.query<{ object: string; fact: string; ofPipeline: boolean }>(
    await readFile(statement, 'utf8'),
  );
  const objects = new Map<string, DescribedObject & { facts: string[] }>();
  for (const { object, fact, ofPipeline } of rows) {
    const described = objects.get(object) ?? { name: object, facts: [], ofPipeline };
    described.facts.push(fact);
    objects.set(object, described);
  }
  return [...objects.values()];
}

/** A short hash over the facts of an object: equal for equal facts. */
export function fingerprint({ facts }: DescribedObject): string {
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 16);
}
