import type pg from 'pg';
import { identifier, literal } from '../database/identifier.js';
import { type ColumnPlan, columnList } from './column-plan.js';
import { type Feed, tableOf } from './feed.js';
import type { Part } from './part.js';

/** Cached by the session that copies: with a cache of 1 the sequence costs a third of the COPY, so none. */
const SEQUENCE_CACHE = 1_000_000;

/** The table that one file's rows lie in, once its parts are attached. */
export function fileTable(feed: Feed, fileId: number): string {
  return `${tableOf(feed)}_f${fileId}`;
}

/** The table of one part. The only part of a file is the file's table itself. */
export function partTable(feed: Feed, fileId: number, partNumber: number, partCount: number): string {
  const file = fileTable(feed, fileId);
  return partCount === 1 ? file : `${file}_p${String(partNumber).padStart(4, '0')}`;
}

/** What COPY fills, and how its rows come to be the part's table. */
export interface PartTarget {
  /** The quoted table to copy into. */
  readonly copyInto: string;
  /**
   * Makes the copied rows the part's table, complete but for `created_date`, with constraints that say which rows it
   * holds, so that attaching it does not read it again.
   */
  complete(): Promise<void>;
}

/**
 * Creates the table of a part, to be filled in the same transaction: with `wal_level = minimal` Postgres then writes no log
 * for the rows, and a transaction that does not commit leaves no trace.
 *
 * `record_number` defaults to a sequence that starts at the part's first record. What is the same in all rows
 * (`file_id`, `created_date`) is not copied but added behind the rows as a constant default, which Postgres does not store.
 */
export async function createPartTable(
  client: pg.ClientBase,
  plan: ColumnPlan,
  feed: Feed,
  fileId: number,
  part: Part,
  partCount: number,
): Promise<PartTarget> {
  const name = partTable(feed, fileId, part.number, partCount);
  const table = identifier('source', name);
  const sequence = identifier('source', `${name}_record`);
  const last = part.firstRecord + part.recordCount;
  const feedColumns = feed.columns.map((column) => `${identifier(column)} text`).join(', ');
  const numbered = `record_number int not null default nextval(${literal(sequence)})`;
  await client.query(
    `/* source: create part table */
     create sequence ${sequence} as bigint start ${part.firstRecord} cache ${SEQUENCE_CACHE};
     create table ${table} (${plan.extra.length === 0 ? numbered : 'record_number int not null, extra jsonb'}, ${feedColumns})`,
  );
  const staging = 'pg_temp.part_staging';
  if (plan.extra.length > 0) {
    const stagingColumns = plan.copied.map((column) => `${identifier(column)} text`).join(', ');
    await client.query(
      `/* source: create part staging */ create temporary table part_staging (${numbered}, ${stagingColumns})`,
    );
  }
  return {
    copyInto: plan.extra.length > 0 ? staging : table,
    complete: async () => {
      if (plan.extra.length > 0) {
        await client.query(
          `/* source: fold extra columns */
           insert into ${table} (record_number, extra, ${columnList(feed.columns)})
           select record_number,
             jsonb_object(
               array[${plan.extra.map(({ name }) => literal(name)).join(', ')}],
               array[${columnList(plan.extra.map(({ column }) => column))}]),
             ${columnList(feed.columns)}
           from ${staging};
           drop table ${staging}`,
        );
      }
      await client.query(
        `/* source: complete part table */
         alter table ${table}
           ${plan.extra.length === 0 ? 'alter record_number drop default, add column extra jsonb,' : ''}
           add column file_id int not null default ${fileId},
           add constraint holds_file check (file_id = ${fileId}),
           add constraint holds_records check (record_number >= ${part.firstRecord} and record_number < ${last});
         drop sequence ${sequence}`,
      );
    },
  };
}
