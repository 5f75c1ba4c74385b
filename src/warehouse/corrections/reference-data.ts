import type { Pool, PoolClient } from 'pg';
import { recordAudit } from '../../database/audit-ledger.js';
import { ident, runSql, sql } from '../../database/sql.js';
import { inTransaction } from '../../database/transaction.js';
import type { Cleaning, PersonalDataKey } from '../extract/cleaning.js';
import { readTransformedFiles } from '../extract/source-file.js';
import { rewriteHistory } from '../history/late-arriving-file.js';
import { currentMapping } from '../mapping/mapping-ledger.js';
import { lockTable } from '../tables/table-lock.js';

/** The codes of one standard, for one reference table with the columns `id, name, standard`. */
export interface ReferenceTable {
  readonly table: string;
  /** The standard, for example ISO 3166-1 alpha-2. */
  readonly standard: string;
  /** The package the codes come from, and its version. */
  readonly source: string;
  readonly version: string;
  readonly codes: readonly { readonly id: string; readonly name: string }[];
}

/** What loading a standard changed. */
export interface ReferenceCounts {
  readonly table: string;
  readonly inserted: number;
  readonly closed: number;
}

/**
 * Updates each reference table to its standard. A renamed code is closed and opened again under its new name. A withdrawn code
 * is closed and from then on has the history that files give it. A code that was known only from the vendor becomes a code of
 * the standard. A code that was retired manually stays retired. Writes nothing when nothing changed; `support.audit_event`
 * records what was loaded from which version.
 */
export async function loadReferenceData(
  pool: Pool,
  tables: readonly ReferenceTable[],
  personalDataKey: PersonalDataKey,
  actor = 'marquee',
): Promise<ReferenceCounts[]> {
  const counts: ReferenceCounts[] = [];
  for (const table of tables) counts.push(await loadStandard(pool, table, personalDataKey, actor));
  return counts;
}

async function loadStandard(
  pool: Pool,
  reference: ReferenceTable,
  personalDataKey: PersonalDataKey,
  actor: string,
): Promise<ReferenceCounts> {
  const { table, standard, source, version } = reference;
  return inTransaction(pool, async (client) => {
    await lockTable(client, { schema: 'warehouse', table });
    const closed = await closeCodes(client, reference);
    const inserted = await insertCodes(client, reference);
    await voidVendorCodes(client, table);
    const known = new Set(reference.codes.map(({ id }) => id));
    const withdrawn = closed.filter((code) => code.standard && !known.has(code.id)).map(({ id }) => id);
    if (withdrawn.length > 0) await restoreFileHistory({ pool, client, personalDataKey }, table, withdrawn);
    const counts = { table, inserted, closed: closed.length };
    if (counts.inserted + counts.closed > 0) {
      await recordAudit(client, {
        outcome: 'done',
        actor,
        action: 'reference-data.load',
        arguments: { ...counts, standard, source, version },
      });
    }
    return counts;
  });
}

/** The codes of a standard as a relation `c (id, name)`. */
function codesOf({ codes }: ReferenceTable) {
  return sql`unnest(${codes.map(({ id }) => id)}::text[], ${codes.map(({ name }) => name)}::text[]) as c (id, name)`;
}

/** Closes the codes that the standard no longer has under this name, and those that it now has instead of the vendor. */
async function closeCodes(
  client: PoolClient,
  reference: ReferenceTable,
): Promise<{ id: string; standard: boolean }[]> {
  const { rows } = await runSql<{ id: string; standard: boolean }>(
    client,
    sql`/* warehouse.close_codes */
        update ${ident('warehouse', reference.table)} t set deleted = true, deleted_date = now()
        where not deleted and (
          (standard and not exists (select from ${codesOf(reference)} where c.id = t.id and c.name = t.name))
          or (not standard and exists (select from ${codesOf(reference)} where c.id = t.id)))
        returning t.id, t.standard`,
  );
  return rows;
}

async function insertCodes(client: PoolClient, reference: ReferenceTable): Promise<number> {
  const table = ident('warehouse', reference.table);
  const { rowCount } = await runSql(
    client,
    sql`/* warehouse.insert_codes */
        insert into ${table} (id, name, standard)
        select c.id, c.name, true from ${codesOf(reference)}
        where not exists (select from ${table} t where t.id = c.id and not t.deleted)
          and not exists (
            select from support.retirement
            where table_name = ${reference.table} and restored_date is null and row_key ->> 'id' = c.id
          )
        order by c.id`,
  );
  return rowCount ?? 0;
}

/** Voids the vendor's rows for codes that the standard has now, as in a rebuild, which has these codes from the standard. */
async function voidVendorCodes(client: PoolClient, table: string): Promise<void> {
  const target = ident('warehouse', table);
  await runSql(
    client,
    sql`/* warehouse.void_vendor_codes */
        update ${target} t set valid_to = t.valid_from, record_number = null
        where not t.standard and t.deleted and t.record_number is not null
          and exists (select from ${target} s where s.id = t.id and s.standard and not s.deleted)`,
  );
}

/** Gives codes that a standard no longer has the history that all files give them, as in a rebuild. */
async function restoreFileHistory(
  from: Pick<Cleaning, 'pool' | 'client' | 'personalDataKey'>,
  table: string,
  ids: readonly string[],
): Promise<void> {
  const { client } = from;
  const mapping = await currentMapping(client);
  const plan = mapping?.tables.get(table);
  if (mapping === null || plan === undefined) return;
  const files = await readTransformedFiles(client, plan);
  if (files.length === 0) return;
  await runSql(
    client,
    sql`/* warehouse.create_keys */
        create temporary table key on commit drop as select id from ${ident('warehouse', table)} where false`,
  );
  await client.query('/* warehouse.insert_keys */ insert into pg_temp.key select unnest($1::text[])', [ids]);
  await rewriteHistory({ ...from, mapping, plan }, files);
  await client.query('/* warehouse.drop_keys */ drop table pg_temp.key');
}
