import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'fast-csv';
import type { Pool } from 'pg';
import { identifier } from '../../src/database/identifier.js';

/** A record as a test writes it: the feed's columns by name; what is left out is null. */
export type SourceRecord = Readonly<Record<string, string | null>>;

/**
 * Puts records where the load puts them, without a file: one partition per file of the feed's source table.
 * @param header the file's, where it is not the feed's columns in their order
 */
export async function loadRecords(
  pool: Pool,
  feed: string,
  period: string,
  records: readonly SourceRecord[],
  header?: readonly string[],
): Promise<number> {
  const table = `src_${feed}`;
  const { rows: columns } = await pool.query<{ name: string }>(
    `select attname::text as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and atttypid = 'text'::regtype order by attnum`,
    [`source.${table}`],
  );
  const names = columns.map((column) => column.name);
  const { rows } = await pool.query<{ id: number }>(
    `insert into source.file (name, feed, period, sha256, size_bytes, state, record_count, reject_count, header)
     values ($1, $2, $3, gen_random_uuid()::text, 0, 'loaded', $4, 0, $5) returning id`,
    [`${feed}.csv`, feed, period, records.length, header ?? names],
  );
  const id = rows[0]!.id;
  const partition = identifier('source', `${table}_${id}`);
  await pool.query(
    `create table ${partition} partition of source.${identifier(table)} for values in (${id})`,
  );
  const extra = (record: SourceRecord) => {
    const others = Object.entries(record).filter(([name]) => !names.includes(name));
    return others.length > 0 ? JSON.stringify(Object.fromEntries(others)) : null;
  };
  for (let start = 0; start < records.length; start += 2000) {
    const batch = records.slice(start, start + 2000);
    await pool.query(
      `insert into ${partition} (${names.map((name) => identifier(name)).join(', ')}, extra, file_id, record_number, created_date)
       select ${names.map((_, index) => `value ->> ${index}`).join(', ')}, (value ->> ${names.length})::jsonb, ${id}, ${start} + place, now()
       from jsonb_array_elements($1::jsonb) with ordinality as listed (value, place)`,
      [JSON.stringify(batch.map((record) => [...names.map((name) => record[name] ?? null), extra(record)]))],
    );
  }
  return id;
}

/** The records of a vendor file; an empty field is null, as COPY reads it. */
export async function readCsv(folder: string, file: string): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const row of createReadStream(join(folder, file)).pipe(parse({ headers: true }))) {
    records.push(
      Object.fromEntries(
        Object.entries(row as Record<string, string>).map(([name, value]) => [name, value || null]),
      ),
    );
  }
  return records;
}
