// Writes src/api/schema-types.ts: the types of the resolvers, from the public contract in schema.graphql.
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers';
import { parse } from 'graphql';

const SCHEMA = new URL('../schema.graphql', import.meta.url);
const TYPES = new URL('../src/api/schema-types.ts', import.meta.url);

/** Writes the types when they are missing or out of date; true when it wrote. */
export async function generateSchemaTypes() {
  const generated = await codegen({
    filename: TYPES.pathname,
    schema: parse(await readFile(SCHEMA, 'utf8')),
    documents: [],
    config: {
      useTypeImports: true,
      enumsAsTypes: true,
      contextType: './graphql/request-context.js#RequestContext',
      // Exact scalars travel as strings; none of them fits a JavaScript number.
      scalars: { Date: 'string', DateTime: 'string', BigInt: 'string', Decimal: 'string' },
    },
    plugins: [{ typescript: {} }, { resolvers: {} }],
    pluginMap: { typescript, resolvers: typescriptResolvers },
  });
  const text = `// Generated from schema.graphql by bin/generate-schema-types.mjs; not to be edited.\n${generated}`;
  const present = await readFile(TYPES, 'utf8').catch(() => undefined);
  if (present === text) return false;
  await writeFile(TYPES, text);
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await generateSchemaTypes();
