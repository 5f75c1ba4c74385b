import { keyText, parseKey, requireColumn } from '../../reporting/report-key.js';
import { type TracedEntity, trace } from '../../reporting/trace.js';
import { withEnvironment } from '../command.js';
import { reportOf } from '../report-argument.js';
import { excerpt, print } from '../terminal.js';

/** `marquee trace`: what stands behind a row as it is served. */
export async function traceCommand(
  report: string,
  values: string[],
  options: { column?: string; json?: boolean },
): Promise<void> {
  const definition = reportOf(report);
  const key = parseKey(definition, values);
  requireColumn(definition, options.column);
  await withEnvironment(async (environment) => {
    const traced = await trace(environment.pool('pipeline'), definition, key, options.column);
    if (options.json) {
      print(JSON.stringify(traced));
      return;
    }
    const { column } = options;
    print(`${report} with ${keyText(key)}, publication ${traced.publication}, as of ${traced.asOfDay}`);
    const cells = Object.entries(traced.row).filter(([name]) => !(name in key) && (column ?? name) === name);
    for (const [name, value] of cells) print(`  ${name} ${value ?? 'unknown'}`);
    const counted = traced.entities.filter((entity) => entity.counted);
    const leftOut = traced.entities.filter((entity) => !entity.counted);
    const noun = definition.contributions?.noun ?? 'row';
    for (const [title, entities] of [
      ['Counted', counted],
      ['Left out', leftOut],
    ] as const) {
      if (entities.length === 0) continue;
      print(`\n${title}: ${entities.length} ${noun}${entities.length === 1 ? '' : 's'}`);
      for (const entity of entities) for (const line of entityLines(entity, noun)) print(line);
    }
  });
}

function entityLines(entity: TracedEntity, noun: string): string[] {
  const { name, why, amounts, version, file, period, record, mappingVersion, raw } = entity;
  const known = Object.entries(amounts)
    .filter(([, amount]) => amount !== null)
    .map(([column, amount]) => `${column} ${amount}`);
  const sent = Object.entries(raw ?? {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([column, value]) => `${column}=${excerpt(value!)}`);
  return [
    `  ${name ?? `${noun} without a name`} (${noun} ${entity.entity})${why === null ? '' : `: ${why}`}`,
    `    ${known.join(', ') || 'no amount is known'}`,
    `    ${file} of ${period}, record ${record}, warehouse version ${version}, mapping version ${mappingVersion}`,
    `    as sent: ${raw === null ? 'the record is no longer kept' : sent.join(' | ')}`,
  ];
}
