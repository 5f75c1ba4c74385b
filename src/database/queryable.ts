import type { Pool, PoolClient } from 'pg';

/** Anything that runs a query. */
export type Queryable = Pick<PoolClient | Pool, 'query'>;
