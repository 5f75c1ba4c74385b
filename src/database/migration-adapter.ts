import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

const charType = 18;
const textType = 25;

/**
 * The schema engine reads catalog columns of Postgres' internal one-byte type `"char"`,
 * which the adapter has no name for (@prisma/adapter-pg 7.10); as text they are the same value.
 */
class CatalogClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg's query has a dozen overloads; all are passed through.
  override query(...parameters: any[]): any {
    const callback = parameters.at(-1);
    // The pool always calls back; other callers are none of the adapter's.
    if (typeof callback === 'function') {
      parameters[parameters.length - 1] = (error: Error | null, result?: pg.QueryResult) => {
        for (const field of result?.fields ?? []) {
          if (field.dataTypeID === charType) {
            field.dataTypeID = textType;
          }
        }
        callback(error, result);
      };
    }
    // biome-ignore lint/suspicious/noExplicitAny: see above.
    return (super.query as any)(...parameters);
  }
}

/**
 * The adapter for the schema engine. Two things differ from the stock one: a script runs as a whole
 * (the stock one cuts it at every semicolon, in comments and function bodies too) and so takes effect
 * whole or not at all; and the shadow database is really another one, and really dropped.
 */
export class MigrationAdapter extends PrismaPg {
  readonly #config: pg.PoolConfig;

  constructor(connectionString: string) {
    const config = { ...parseIntoClientConfig(connectionString), Client: CatalogClient } as pg.PoolConfig;
    super(config);
    this.#config = config;
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
    };
    return adapter;
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
      await admin.dispose();
    };
    return shadow;
  }
}

function toUrl(config: pg.PoolConfig): string {
  const part = (value: unknown) => encodeURIComponent(String(value ?? ''));
  const password = config.password ? `:${part(config.password)}` : '';
  return `postgresql://${part(config.user)}${password}@${part(config.host)}:${config.port ?? 5432}/${part(config.database)}`;
}
