import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

const charType = 18;
const textType = 25;

/** The columns of type `"char"` of a result, by its array of rows. */
const charColumns = new WeakMap<object, number[]>();

/**
 * The schema engine reads catalog columns of the internal one-byte type `"char"`, which the stock adapter rejects
 * (@prisma/adapter-pg 7.10). This client declares them as text and remembers them, and {@link MigrationAdapter} restores
 * their type for the engine.
 */
class CatalogClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg's query has a dozen overloads; all are passed through.
  override query(...parameters: any[]): any {
    const callback = parameters.at(-1);
    // The pool always passes a callback; calls without one do not come from the adapter.
    if (typeof callback === 'function') {
      parameters[parameters.length - 1] = (error: Error | null, result?: pg.QueryResult) => {
        if (result?.fields !== undefined) {
          charColumns.set(result.rows, renameCharColumns(result.fields));
        }
        callback(error, result);
      };
    }
    // biome-ignore lint/suspicious/noExplicitAny: see above.
    return (super.query as any)(...parameters);
  }
}

function renameCharColumns(fields: pg.FieldDef[]): number[] {
  return fields.flatMap((field, index) => {
    if (field.dataTypeID !== charType) {
      return [];
    }
    field.dataTypeID = textType;
    return [index];
  });
}

/**
 * The adapter for the schema engine. It differs from the stock adapter in three ways. A script runs as a whole and takes
 * effect completely or not at all; the stock adapter splits it at every semicolon, even in comments and function bodies. The
 * shadow database is a separate one and is dropped. Catalog columns of type `"char"` reach the engine with their type.
 */
export class MigrationAdapter extends PrismaPg {
  readonly #config: pg.PoolConfig;
  readonly #connected: SqlDriverAdapter[] = [];

  constructor(connectionString: string) {
    const config = {
      ...parseIntoClientConfig(connectionString),
      Client: CatalogClient,
      // The engine releases connections after the pool has ended; their idle timers kept the process alive for 10 s.
      allowExitOnIdle: true,
    } as pg.PoolConfig;
    super(config);
    this.#config = config;
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
    };
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const index of charColumns.get(result.rows) ?? []) {
        result.columnTypes[index] = ColumnTypeEnum.Character;
      }
      return result;
    };
    this.#connected.push(adapter);
    return adapter;
  }

  /** Closes the connections of the engine; freeing the engine does not. */
  async close(): Promise<void> {
    await Promise.all(this.#connected.splice(0).map((adapter) => adapter.dispose()));
  }

  override async connectToShadowDb() {
    const database = `marquee_shadow_${randomUUID().replaceAll('-', '_')}`;
    const admin = await this.connect();
    await admin.executeScript(`create database "${database}"`);
    const shadow = await new MigrationAdapter(toUrl({ ...this.#config, database })).connect();
    const dispose = shadow.dispose.bind(shadow);
    shadow.dispose = async () => {
      await dispose();
      await admin.executeScript(`drop database "${database}"`);
    };
    return shadow;
  }
}

function toUrl(config: pg.PoolConfig): string {
  const part = (value: unknown) => encodeURIComponent(String(value ?? ''));
  const password = config.password ? `:${part(config.password)}` : '';
  return `postgresql://${part(config.user)}${password}@${part(config.host)}:${config.port ?? 5432}/${part(config.database)}`;
}
