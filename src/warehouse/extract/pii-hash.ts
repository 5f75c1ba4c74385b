import { createHmac } from 'node:crypto';
import { identifier } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { canonicalText, trimmed } from '../mapping/field-types.js';
import { isPersonal } from '../mapping/mapping.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { hashesName, newMark } from '../tables/work-table-names.js';
import type { Cleaning, PersonalDataKey } from './cleaning.js';
import { entryColumn } from './entry-column.js';
import type { ExtractionSource } from './extraction.js';

/** Number of values that are fetched and hashed at once, which limits the memory used. */
const batchSize = 20_000;

/**
 * The pseudonym that replaces a personal value outside schema `source`: the first bits of HMAC-SHA-256 over the value's UTF-8
 * text, 128 bits as a uuid or 63 bits as a bigint that is not negative (docs/decisions/pseudonyms.md). Without the key it can
 * be neither computed nor reversed, and it is the same for the same value in every file.
 */
export function pseudonym(key: PersonalDataKey, value: string): { uuid: string; bigint: string } {
  // A digest as a buffer, converted to text afterwards, takes 1.5 times as long.
  const hex = createHmac('sha256', key).update(value, 'utf8').digest('hex');
  return {
    uuid: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`,
    bigint: BigInt.asUintN(63, BigInt(`0x${hex.slice(0, 16)}`)).toString(),
  };
}

/**
 * The hashes of a value as sent. A uuid is the hash of the text, a bigint that of the number.
 * @param number the canonical text of the value as a number; null when the value is not a number, and then it has no bigint
 */
function hashesOf(key: PersonalDataKey, value: string, number: string | null) {
  const hashes = pseudonym(key, value);
  if (number === value) return hashes;
  return { uuid: hashes.uuid, bigint: number === null ? null : pseudonym(key, number).bigint };
}

/**
 * Creates a table `(value, hash_uuid, hash_bigint)` with the hash of each distinct personal value that the plan reads from a
 * file. It is committed in a separate transaction, so that other connections of the same cleaning can read it, and it is in
 * schema `source`, the only one that may hold raw values. `dropUnfinished` drops it at the end of the cleaning, or in the next
 * cleaning of the table if this one does not finish.
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
  // Group the values as sent before trimming them, which `offset 0` preserves: twice as fast as trimming every value.
  const selects = fields.map((field) => {
    const column =
      field.entryField === null ? field.sourceColumn : `e.${identifier(entryColumn(field.entryField))}`;
    const rows = field.entryField === null ? `${records} s` : `${entries} e`;
    return `select ${trimmed('raw')} as value from (select ${column} as raw from ${rows} group by 1 offset 0) sent`;
  });
  await client.query(
    `/* warehouse.distinct_personal_values */
     create temporary table personal_value on commit drop as
     select value, ${canonicalText('bigint', 'value')} as number
     from (${selects.join(' union all ')}) listed where value is not null group by value`,
  );
  await client.query(
    `/* warehouse.open_personal_values */ declare personal_cursor no scroll cursor for select value, number from ${values}`,
  );
  await inTransaction(pool, async (other) => {
    await other.query(
      `/* warehouse.create_personal_hash */
       create unlogged table ${hashes} (value text not null, hash_uuid uuid not null, hash_bigint bigint)`,
    );
    for (;;) {
      const { rows } = await client.query<{ value: string; number: string | null }>(
        `/* warehouse.fetch_personal_values */ fetch ${batchSize} from personal_cursor`,
      );
      if (rows.length === 0) break;
      const hashed = rows.map(({ value, number }) => hashesOf(personalDataKey, value, number));
      await other.query(
        `/* warehouse.insert_personal_hash */
         insert into ${hashes} (value, hash_uuid, hash_bigint)
         select * from unnest($1::text[], $2::uuid[], $3::bigint[])`,
        [rows.map(({ value }) => value), hashed.map(({ uuid }) => uuid), hashed.map(({ bigint }) => bigint)],
      );
    }
    await other.query(`/* warehouse.analyze_personal_hash */ analyze ${hashes}`);
  });
  await client.query('/* warehouse.close_personal_values */ close personal_cursor');
  await client.query(`/* warehouse.drop_personal_values */ drop table ${values}`);
  return hashes;
}
