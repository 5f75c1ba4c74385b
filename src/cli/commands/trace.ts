import { inTransaction } from '../../database/transaction.js';
import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { keyText, parseKey, requireColumn } from '../../reporting/definition/report-key.js';
import { parseNamedKey } from '../../reporting/explain/named-key.js';
import type { TracedSum } from '../../reporting/explain/rollup-trace.js';
import { type Trace, type TracedEntity, trace } from '../../reporting/explain/trace.js';
import type { TracedRow } from '../../reporting/explain/traced-rows.js';
import { holdPublication } from '../../reporting/publish/publication-lock.js';
import { printResult } from '../output/print-result.js';
import { count, excerpt } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';
import { reportOf } from './report-argument.js';

/** `marquee trace`: the records that explain a served row. */
export async function traceCommand(
  report: string,
  values: string[],
  options: { column?: string; json?: boolean },
): Promise<void> {
  const definition = reportOf(report);
  if (values.length !== definition.key.length) parseKey(definition, values);
  requireColumn(definition, options.column);
  await withEnvironment(async (environment) => {
    const traced = await inTransaction(environment.pool('pipeline'), async (client) => {
      await holdPublication(client);
      return trace(client, definition, await parseNamedKey(client, definition, values), options.column);
    });
    printResult(options, traced, traceLines(definition, traced, options.column));
  });
}

/** A trace as lines of text. */
export function traceLines(definition: ReportDefinition, traced: Trace, column?: string): string[] {
  const { report, key, row, shown, entities } = traced;
  const noun = definition.contributions?.noun ?? 'row';
  const cells = Object.entries(row).filter(([name]) => !(name in key) && (column ?? name) === name);
  const lists = [
    ['Counted', entities.filter((entity) => entity.counted)],
    ['Left out', entities.filter((entity) => !entity.counted)],
  ] as const;
  return [
    `${report} with ${keyText(key)}, publication ${traced.publication}, as of ${traced.asOfDay}`,
    ...cells.map(([name, value]) => `  ${name} ${value ?? 'unknown'}`),
    ...Object.entries(traced.ofAll).map(([name, value]) => `  ${name} ${value ?? 'unknown'}, of all rows`),
    ...shown.flatMap((named) => rowLines(named, '  ')),
    ...lists.flatMap(([title, listed]) =>
      listed.length === 0
        ? []
        : [
            '',
            `${title}: ${listed.length} ${noun}${listed.length === 1 ? '' : 's'}`,
            ...listed.flatMap((entity) => entityLines(entity, noun)),
          ],
    ),
  ];
}

function entityLines(entity: TracedEntity, noun: string): string[] {
  const { name, why, amounts, version, file, period, record, mappingVersion, raw, links } = entity;
  const known = Object.entries(amounts)
    .filter(([, amount]) => amount !== null)
    .map(([column, amount]) => `${column} ${amount}`);
  const isElsewhere = (link: TracedRow) => link.fileId !== entity.fileId || link.record !== record;
  return [
    `  ${name ?? `${noun} without a name`} (${noun} ${entity.entity})${why === null ? '' : `: ${why}`}`,
    `    ${known.join(', ') || 'no amount is known'}`,
    `    ${file} of ${period}, record ${record}, warehouse version ${version}, mapping version ${mappingVersion}`,
    `    as sent: ${sentText(raw)}`,
    ...links.filter(isElsewhere).flatMap((link) => rowLines(link, '    ')),
    ...(entity.summed === null ? [] : sumLines(entity.summed)),
  ];
}

function sumLines({ table, count: all, missing, files }: TracedSum): string[] {
  const fileCount = new Set(files.map(({ fileId }) => fileId)).size;
  return [
    `    ${table}: ${count(all)} summed, of ${fileCount} file${fileCount === 1 ? '' : 's'}`,
    ...(missing === 0
      ? []
      : [
          `      ${count(Math.abs(missing))} ${missing > 0 ? 'more' : 'fewer'} when it was published: the warehouse has changed since`,
        ]),
    ...files.flatMap(({ key, file, period, count: ofFile, sum, firstRecord, lastRecord, examples }) => [
      `      ${file} of ${period}: ${count(ofFile)} with ${keyText(key)}, their sum ${sum}, records ${firstRecord} to ${lastRecord}`,
      ...examples.map(({ record, raw }) => `        record ${record} as sent: ${sentText(raw)}`),
    ]),
  ];
}

/** A warehouse row other than the entity's own, and the record it comes from. */
function rowLines(
  { table, key, version, file, period, record, mappingVersion, raw }: TracedRow,
  indent: string,
): string[] {
  return [
    `${indent}${table} with ${keyText(key)}: ${file} of ${period}, record ${record}, warehouse version ${version}, mapping version ${mappingVersion}`,
    `${indent}  as sent: ${sentText(raw, 1000)}`,
  ];
}

function sentText(raw: TracedRow['raw'], longest?: number): string {
  if (raw === null) return 'the record is no longer kept';
  return Object.entries(raw)
    .filter(([, value]) => value !== null && value !== '')
    .map(([column, value]) => `${column}=${excerpt(value!, longest)}`)
    .join(' | ');
}
