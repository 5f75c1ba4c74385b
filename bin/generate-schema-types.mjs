// Writes two files from the public contract in schema.graphql: src/api/schema-types.ts, the types of the resolvers, and
// src/api/schema-enums.ts, its enums alone. The first imports the request context, so code below the context can only use the second.
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers';
import { parse } from 'graphql';

const SCHEMA = new URL('../schema.graphql', import.meta.url);
const TYPES = new URL('../src/api/schema-types.ts', import.meta.url);
const ENUMS = new URL('../src/api/schema-enums.ts', import.meta.url);

/** Writes the files that are missing or out of date; returns whether it wrote any. */
export async function generateSchemaTypes() {
  const schema = parse(await readFile(SCHEMA, 'utf8'));
  const enums = await write(ENUMS, schema, { onlyEnums: true }, [{ typescript: {} }]);
  const types = await write(
    TYPES,
    schema,
    {
      useTypeImports: true,
      contextType: './operation/request-context.js#RequestContext',
      // Exact scalars are transferred as strings, because they do not fit a JavaScript number.
      scalars: { Date: 'string', DateTime: 'string', BigInt: 'string', Decimal: 'string' },
    },
    [{ typescript: {} }, { resolvers: {} }],
  );
  return enums || types;
}

async function write(file, schema, config, plugins) {
  const generated = await codegen({
    filename: file.pathname,
    schema,
    documents: [],
    config: { enumsAsTypes: true, ...config },
    plugins,
    pluginMap: { typescript, resolvers: typescriptResolvers },
  });
  const text = `// Generated from schema.graphql by bin/generate-schema-types.mjs; do not edit.\n${generated}`;
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === text) return false;
  await writeFile(file, text);
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await generateSchemaTypes();
