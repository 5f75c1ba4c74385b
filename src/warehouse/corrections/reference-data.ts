import type { Pool } from 'pg';
import { identifier } from '../../database/identifier.js';
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
 * Brings each reference table to what its standard says now. A renamed code is closed and opened anew, a withdrawn one
 * closed and from then on what files say of it, a code so far known from the vendor only handed over to the standard, one
 * retired by hand left retired. Writes nothing when nothing changed; what was loaded from which version is kept in
 * `support.audit_event`.
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
  const target = identifier('warehouse', reference.table);
  const codes = [reference.codes.map((code) => code.id), reference.codes.map((code) => code.name)];
  return inTransaction(pool, async (client) => {
    await lockTable(client, { schema: 'warehouse', table: reference.table });
    const closed = await client.query<{ id: string; standard: boolean }>(
      `/* warehouse.close_codes */
       update ${target} t set deleted = true, deleted_date = now()
       where not deleted and (
         (standard and not exists (select from unnest($1::text[], $2::text[]) as c (id, name) where c.id = t.id and c.name = t.name))
         or (not standard and t.id = any($1)))
       returning t.id, t.standard`,
      codes,
    );
    const inserted = await client.query(
      `/* warehouse.insert_codes */
       insert into ${target} (id, name, standard)
       select c.id, c.name, true from unnest($1::text[], $2::text[]) as c (id, name)
       where not exists (select from ${target} t where t.id = c.id and not t.deleted)
         and not exists (
           select from support.retirement
           where table_name = $3 and restored_date is null and row_key ->> 'id' = c.id
         )
       order by c.id`,
      [...codes, reference.table],
    );
    // What the vendor called it counts no more, as in a rebuild, which has the code from the standard.
    await client.query(
      `/* warehouse.void_vendor_codes */
       update ${target} t set valid_to = t.valid_from, record_number = null
       where not t.standard and t.deleted and t.record_number is not null
         and exists (select from ${target} s where s.id = t.id and s.standard and not s.deleted)`,
    );
    const known = new Set(codes[0]);
    const withdrawn = closed.rows.filter(({ id, standard }) => standard && !known.has(id));
    if (withdrawn.length > 0) {
      const ids = withdrawn.map(({ id }) => id);
      await giveBack({ pool, client, personalDataKey }, reference.table, ids);
    }
    const counts = { table: reference.table, inserted: inserted.rowCount ?? 0, closed: closed.rowCount ?? 0 };
    if (counts.inserted + counts.closed > 0) {
      await client.query(
        `/* warehouse.note_reference */
         insert into support.audit_event (actor, action, arguments, outcome) values ($1, 'reference-data.load', $2, 'done')`,
        [
          actor,
          JSON.stringify({
            ...counts,
            standard: reference.standard,
            source: reference.source,
            version: reference.version,
          }),
        ],
      );
    }
    return counts;
  });
}

/** Has codes that a standard no longer has be what files said of them all along, as in a rebuild. */
async function giveBack(
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
  await client.query(
    `/* warehouse.withdrawn_codes */ create temporary table key on commit drop as
     select id from ${identifier('warehouse', table)} where false`,
  );
  await client.query('/* warehouse.withdrawn_codes */ insert into pg_temp.key select unnest($1::text[])', [
    ids,
  ]);
  await rewriteHistory({ ...from, mapping, plan }, files);
  await client.query('drop table pg_temp.key');
}
