import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { usable } from '../extract/cast-failures.js';
import { type ExtractionSource, guardedExtraction, recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { FieldPlan, TablePlan } from '../mapping/table-plan.js';
import { sameKey, target } from './merge.js';
import { stagedRows } from './staged-rows.js';

/** The key fields of a link that come from the record itself and identify the parent that lists the links. */
export function parentKeys(plan: TablePlan): FieldPlan[] {
  return plan.keys.filter(({ entryField }) => entryField === null);
}

/**
 * A select of the parents whose links a file lists completely; null for a table whose links are not retired when they are no
 * longer listed. A record with an empty list has no links. A record without a list, or with entries that could not be read, is
 * not included, because it does not show which links are missing.
 */
export function listedParents(plan: TablePlan, file: SourceFile, source: ExtractionSource): string | null {
  const fields = parentKeys(plan);
  if (!plan.retireMissing || plan.nested === null || fields.length === 0) return null;
  const parents: TablePlan = { ...plan, nested: null, fields, keys: fields, attributes: [], unfilled: [] };
  return `
    select distinct ${fields.map(({ field }) => `x.${identifier(field)}`).join(', ')}
    from (${guardedExtraction(parents, { ...source, entries: null })}) x
    join source.${identifier(file.sourceTable)} s on s.file_id = ${file.id} and s.record_number = x.${recordColumn}
    where ${usable(parents)} and ${plan.nested.expression} <> ''
      and not exists (
        select from (
          select record_number from support.issue
          where file_id = ${file.id} and table_name = ${literal(file.sourceTable)}
            and column_name = ${literal(plan.nested.column)} and reason = 'malformed_literal'
          union all
          select record_number from ${ledgerOf(plan)}.issue
          where file_id = ${file.id} and table_name = ${literal(plan.table)}
            and reason in ('entry_key_missing', 'entry_key_not_castable')
        ) unreadable where unreadable.record_number = x.${recordColumn})`;
}

/** Closes the live links that the parents of the newest file no longer list. */
export async function retireMissingLinks(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  parents: string,
): Promise<number> {
  const sameParent = parentKeys(plan).map(({ field }) => `p.${identifier(field)} = t.${identifier(field)}`);
  const closed = await client.query(
    `/* warehouse.retire_missing */
     update ${target(plan)} t set valid_to = ${literal(file.period)}, deleted = true, deleted_date = now()
     from (${parents}) p
     where ${sameParent.join(' and ')} and not t.deleted
       and not exists (select from ${stagedRows} o where ${sameKey(plan, 'o', 't')})`,
  );
  return closed.rowCount ?? 0;
}
