import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import { Failure } from '../../fault.js';
import { MigrationAdapter } from './migration-adapter.js';
import { readMigrations, readSchemas } from './schema-files.js';

/** The engine ignores no tables or enums. */
const noFilter = { externalTables: [], externalEnums: [] };

const panics = {
  set_message(message: string) {
    throw new Failure('schema_engine_panicked', `The schema engine of Prisma panicked: ${message}`);
  },
};

/**
 * Loads Prisma's schema engine as WebAssembly: the engine of `prisma migrate`, without the native binary that Prisma's
 * command line would download.
 *
 * The entry of the package imports the `.wasm` file as a module, which Node 20 does not support, so the module is
 * instantiated here; only once, because the glue code holds a single instance.
 */
const loadGlue = memoize(async () => {
  // The engine reports the message of a panic here; without it the cause would be lost.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panics });
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
  const bytes = await readFile(join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, {
    './schema_engine_bg.js': withUnreferencedTimers(glue as unknown as WebAssembly.ModuleImports),
  });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return glue;
});

/**
 * The engine waits ten seconds for its advisory lock and never clears that timer, which would keep a finished command
 * alive; an unreferenced timer does not.
 */
function withUnreferencedTimers(glue: WebAssembly.ModuleImports): WebAssembly.ModuleImports {
  const name = Object.keys(glue).find((key) => key.startsWith('__wbg_setTimeout'));
  if (name === undefined) {
    return glue;
  }
  return {
    ...glue,
    [name]: (call: () => void, milliseconds: number) => setTimeout(call, milliseconds).unref(),
  };
}

function memoize<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Runs `work` with an engine on the given database, and closes the engine afterwards, also after an error. */
async function withSchemaEngine<T>(
  connectionString: string,
  work: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  const glue = await loadGlue();
  const { files } = await readSchemas();
  const adapter = new MigrationAdapter(connectionString);
  try {
    const engine = await glue.SchemaEngine.new(
      { datamodels: files.map((file): [string, string] => [file.path, file.content]) },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(adapter),
    );
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await adapter.close();
  }
}

/** The SQL that turns the schema the migrations create into the one the schema files describe; empty when they agree. */
export async function schemaDrift(connectionString: string): Promise<string> {
  const migrations = await readMigrations();
  const schemas = await readSchemas();
  const result = await withSchemaEngine(connectionString, (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...migrations },
      to: { tag: 'schemaDatamodel', ...schemas },
      script: true,
      exitCode: true,
      filters: { ...noFilter, externalTables: splitPartitions(migrations) },
    }),
  );
  return result.exitCode === 0 ? '' : (result.stdout ?? '');
}

/**
 * The partitions that are partitioned themselves, found in the text of the migrations. Prisma ignores partitions, but takes
 * these for ordinary tables.
 */
function splitPartitions({ migrationDirectories }: MigrationList): string[] {
  const made = /^create table (\S+) partition of [^;]+ partition by /gim;
  return migrationDirectories.flatMap(({ migrationFile: { content } }) =>
    content.tag === 'ok' ? [...content.value.matchAll(made)].map((match) => match[1]!) : [],
  );
}

/**
 * Applies the migrations that the database lacks, and records them.
 * @returns their names
 */
export async function applyMigrations(
  connectionString: string,
  migrations?: MigrationList,
): Promise<string[]> {
  const migrationsList = migrations ?? (await readMigrations());
  const result = await withSchemaEngine(connectionString, (engine) =>
    engine.applyMigrations({ migrationsList, filters: noFilter }),
  );
  return result.appliedMigrationNames;
}
