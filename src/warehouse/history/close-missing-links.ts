import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { usable } from '../extract/cast-failures.js';
import { type ExtractionSource, guardedExtraction, recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { FieldPlan, TablePlan } from '../mapping/table-plan.js';
import { sameKey, target } from './merge.js';
import { said } from './staged-rows.js';

/** The fields of a link's key that come from the record itself: the thing that lists the links. */
export function parentKeys(plan: TablePlan): FieldPlan[] {
  return plan.keys.filter(({ entryField }) => entryField === null);
}

/**
 * A select of the parents whose links a file lists in full; null for a table whose links do not retire by being left out.
 * A record whose list is empty lists no links; one without a list, or with entries that could not be read, says nothing of
 * what is missing.
 */
export function parentsListed(plan: TablePlan, file: SourceFile, source: ExtractionSource): string | null {
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

/** Closes the live links that a file's parents no longer list, for a file that is the newest word. */
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
       and not exists (select from ${said} o where ${sameKey(plan, 'o', 't')})`,
  );
  return closed.rowCount ?? 0;
}
