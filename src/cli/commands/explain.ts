import type { PoolClient } from 'pg';
import { inSnapshot } from '../../database/transaction.js';
import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { keyText, parseKey, type ReportKey, requireColumn } from '../../reporting/definition/report-key.js';
import { causeText } from '../../reporting/explain/cause-text.js';
import {
  type ExplainedChange,
  type ExplainOptions,
  type Explanation,
  explain,
  explanationJson,
} from '../../reporting/explain/explain.js';
import { parseNamedKey } from '../../reporting/explain/named-key.js';
import { print } from '../output/terminal.js';
import { count } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';
import { reportOf } from './report-argument.js';

/** `marquee explain`: why the numbers of a row changed. */
export async function explainCommand(
  report: string,
  values: string[],
  options: { column?: string; from?: number; to?: number; json?: boolean },
): Promise<void> {
  const definition = reportOf(report);
  if (values.length !== definition.key.length) parseKey(definition, values);
  requireColumn(definition, options.column);
  await withEnvironment(async (environment) => {
    const explanation = await inSnapshot(environment.pool('reader'), async (client) =>
      explainLastChange(client, definition, await parseNamedKey(client, definition, values), options),
    );
    if (options.json) {
      print(explanationJson(definition, explanation));
      return;
    }
    const { noun, entityKey } = definition.contributions ?? { noun: 'row', entityKey: 'row' };
    for (const line of explanationLines(explanation, options.column, noun, entityKey)) print(line);
  });
}

/** Explains the range of publications that was asked for; by default the row's last change, however long ago. */
async function explainLastChange(
  client: PoolClient,
  definition: ReportDefinition,
  key: ReportKey,
  { column, from, to }: ExplainOptions,
): Promise<Explanation> {
  const explanation = await explain(client, definition, key, { column, from, to });
  const { changes, lastChanged } = explanation;
  if (changes.length > 0 || lastChanged === null || from !== undefined || to !== undefined)
    return explanation;
  return explain(client, definition, key, { column, from: lastChanged - 1, to: lastChanged });
}

/** An explanation as lines of text. */
export function explanationLines(
  { report, key, from, to, changes, lastChanged }: Explanation,
  column: string | undefined,
  noun: string,
  entityKey: string,
): string[] {
  const named = `of ${report} with ${keyText(key)}`;
  const subject = `${column ?? 'The row'} ${named}`;
  if (changes.length > 0) {
    return [
      `${subject}, from publication ${from} to ${to}:`,
      ...changes.flatMap((change) => ['', ...changeLines(change, noun, entityKey)]),
    ];
  }
  if (from === 0 && to === 1) {
    return [
      `Publication 1 is the first: no earlier publication exists to compare ${column ?? 'the row'} ${named} with.`,
    ];
  }
  const before =
    lastChanged === null
      ? 'No earlier change is recorded.'
      : `It last changed with publication ${lastChanged}: --from ${lastChanged - 1} --to ${lastChanged}.`;
  return [`${subject} did not change from publication ${from} to ${to}. ${before}`];
}

function changeLines(change: ExplainedChange, noun: string, entityKey: string): string[] {
  const { publication, asOfDay, column, causes } = change;
  const when = `publication ${publication}, as of ${asOfDay}`;
  const head =
    column === null
      ? `${change.change === 'insert' ? 'Row added' : 'Row removed'} (${when})`
      : `${column}: ${valueText(change.old)} -> ${valueText(change.new)} (${when})`;
  return [
    head,
    ...causes.map((cause) => {
      const amounts = Object.entries(cause.amounts ?? {});
      const shown = amounts.map(([name, amount]) =>
        column === null ? `${name} ${signed(amount)}` : signed(amount),
      );
      return `  ${shown.length > 0 ? `${shown.join(', ')}  ` : ''}${causeText(cause, noun, entityKey)}`;
    }),
  ];
}

function valueText(value: string | null): string {
  return value === null ? 'unknown' : count(value);
}

function signed(amount: string): string {
  return amount.startsWith('-') ? count(amount) : `+${count(amount)}`;
}
