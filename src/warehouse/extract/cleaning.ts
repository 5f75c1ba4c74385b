import type { KeyObject } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';

/** What the steps of cleaning one table in one transaction share. */
export interface Cleaning {
  readonly pool: Pool;
  readonly client: PoolClient;
  readonly plan: TablePlan;
  readonly mapping: Mapping;
  readonly personalDataKey: PersonalDataKey;
  /** The field with the names of the table's rows, if the data set names them. */
  readonly nameField?: string | undefined;
}

/** The field with the names of the rows, by table. */
export type NameFields = Readonly<Record<string, string>>;

/** The key of the hashes: at least 128 bits that only the pipeline knows. */
export type PersonalDataKey = KeyObject | Buffer | string;
