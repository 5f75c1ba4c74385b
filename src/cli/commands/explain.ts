import { inSnapshot } from '../../database/transaction.js';
import { keyText, parseKey, requireColumn } from '../../reporting/definition/report-key.js';
import { causeText } from '../../reporting/explain/cause-text.js';
import {
  type ExplainedChange,
  type Explanation,
  explain,
  explanationJson,
} from '../../reporting/explain/explain.js';
import { print } from '../output/terminal.js';
import { withEnvironment } from '../runtime/command.js';
import { reportOf } from './report-argument.js';

/** `marquee explain`: why the numbers of a row changed. */
export async function explainCommand(
  report: string,
  values: string[],
  options: { column?: string; from?: number; to?: number; json?: boolean },
): Promise<void> {
  const definition = reportOf(report);
  const key = parseKey(definition, values);
  requireColumn(definition, options.column);
  await withEnvironment(async (environment) => {
    const explanation = await inSnapshot(environment.pool('reader'), (client) =>
      explain(client, definition, key, options),
    );
    if (options.json) {
      print(explanationJson(definition, explanation));
      return;
    }
    const { noun, entityKey } = definition.contributions ?? { noun: 'row', entityKey: 'row' };
    for (const line of explanationLines(explanation, options.column, noun, entityKey)) print(line);
  });
}

/** An explanation as lines for people. */
export function explanationLines(
  { report, key, from, to, changes, lastChanged }: Explanation,
  column: string | undefined,
  noun: string,
  entityKey: string,
): string[] {
  const named = `of ${report} with ${keyText(key)}`;
  const what = `${column ?? 'The row'} ${named}`;
  if (changes.length === 0) {
    if (from === 0 && to === 1) {
      return [
        `Publication 1 is the first: there is nothing before it to compare ${column ?? 'the row'} ${named} with.`,
      ];
    }
    const before =
      lastChanged === null
        ? 'Before that no change of it is kept.'
        : `It last changed with publication ${lastChanged}: --from ${lastChanged - 1} --to ${lastChanged}.`;
    return [`${what} did not change from publication ${from} to ${to}. ${before}`];
  }
  return [
    `${what}, from publication ${from} to ${to}:`,
    ...changes.flatMap((change) => ['', ...changeLines(change, noun, entityKey)]),
  ];
}

function changeLines(change: ExplainedChange, noun: string, entityKey: string): string[] {
  const { publication, asOfDay, column, causes } = change;
  const when = `publication ${publication}, as of ${asOfDay}`;
  const head =
    column === null
      ? `${change.change === 'insert' ? 'The row came' : 'The row went'} (${when})`
      : `${column}: ${change.old ?? 'unknown'} -> ${change.new ?? 'unknown'} (${when})`;
  return [
    head,
    ...causes.map((cause) => {
      const amounts = Object.entries(cause.amounts ?? {});
      const shown =
        column === null
          ? amounts.map(([name, amount]) => `${name} ${signed(amount)}`)
          : amounts.map(([, amount]) => signed(amount));
      return `  ${shown.length > 0 ? `${shown.join(', ')}  ` : ''}${causeText(cause, noun, entityKey)}`;
    }),
  ];
}

function signed(amount: string): string {
  return amount.startsWith('-') ? amount : `+${amount}`;
}
