import { createHmac } from 'node:crypto';
import { identifier } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { trimmed } from '../mapping/field-types.js';
import { isPersonal } from '../mapping/mapping.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { hashesName, newMark } from '../tables/work-table-names.js';
import type { Cleaning, PersonalDataKey } from './cleaning.js';
import { entryColumn } from './entry-column.js';
import type { ExtractionSource } from './extraction.js';

/** How many values are fetched and hashed at once: a bound of memory. */
const batch = 20_000;

/**
 * What stands for a person outside `source`: the first bits of HMAC-SHA-256 over the value's UTF-8 text, 128 of them as
 * a uuid, or 63 as a bigint that is not negative (docs/decisions/pseudonyms.md). Not to be undone or made without the
 * key, and the same for the same person in every file.
 */
export function pseudonym(key: PersonalDataKey, value: string): { uuid: string; bigint: string } {
  // As text at once: to make a buffer first takes half as long again.
  const hex = createHmac('sha256', key).update(value, 'utf8').digest('hex');
  return {
    uuid: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`,
    bigint: BigInt.asUintN(63, BigInt(`0x${hex.slice(0, 16)}`)).toString(),
  };
}

/**
 * Makes a table `(value, hash_uuid, hash_bigint)` of a file's personal values for the plan, hashed once per distinct
 * value. It is committed by itself, so that other connections of the same cleaning see it, and lies in `source`, which is
 * where raw values may be; `dropUnfinished` ends it with the cleaning, or with the next one of the table where this one does
 * not come to its end.
 * @returns its name; null when the plan has no personal data
 */
export async function hashPersonalData(
  { pool, client, personalDataKey }: Pick<Cleaning, 'pool' | 'client' | 'personalDataKey'>,
  plan: TablePlan,
  { records, entries }: Pick<ExtractionSource, 'records' | 'entries'>,
): Promise<string | null> {
  const fields = plan.fields.filter(isPersonal);
  if (fields.length === 0) return null;
  const hashes = identifier('source', hashesName(plan, newMark()));
  const values = identifier('pg_temp', 'personal_value');
  // Grouped as sent first, and `offset 0` keeps it so: twice as fast as to trim every one of the values.
  const selects = fields.map((field) => {
    const column =
      field.entryField === null ? field.sourceColumn : `e.${identifier(entryColumn(field.entryField))}`;
    const rows = field.entryField === null ? `${records} s` : `${entries} e`;
    return `select ${trimmed('raw')} as value from (select ${column} as raw from ${rows} group by 1 offset 0) sent`;
  });
  await client.query(
    `/* warehouse.distinct_personal_values */
     create temporary table personal_value on commit drop as
     select value from (${selects.join(' union all ')}) listed where value is not null group by value`,
  );
  await client.query(`declare personal_cursor no scroll cursor for select value from ${values}`);
  await inTransaction(pool, async (other) => {
    await other.query(
      `/* warehouse.create_personal_hash */
       create unlogged table ${hashes} (value text not null, hash_uuid uuid not null, hash_bigint bigint not null)`,
    );
    for (;;) {
      const { rows } = await client.query<{ value: string }>(`fetch ${batch} from personal_cursor`);
      if (rows.length === 0) break;
      const made = rows.map(({ value }) => pseudonym(personalDataKey, value));
      await other.query(
        `/* warehouse.insert_personal_hash */
         insert into ${hashes} (value, hash_uuid, hash_bigint)
         select * from unnest($1::text[], $2::uuid[], $3::bigint[])`,
        [rows.map(({ value }) => value), made.map(({ uuid }) => uuid), made.map(({ bigint }) => bigint)],
      );
    }
    await other.query(`analyze ${hashes}`);
  });
  await client.query('close personal_cursor');
  await client.query(`drop table ${values}`);
  return hashes;
}
